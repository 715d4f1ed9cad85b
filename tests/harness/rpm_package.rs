//! Packages that the real rpmbuild makes, once for all tests and for later runs of them.

use super::{hex, temp_dir, tool, walk, write};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, OnceLock};

/// A package to be built: it installs one file, which names it.
#[derive(Debug, Clone)]
pub(crate) struct Rpm {
    name: String,
    /// `[EPOCH:]VERSION[-RELEASE]`; the release is 1 unless given.
    version: String,
    architecture: String,
    /// Other bytes under the same name.
    build: u32,
    /// More lines of its spec's head.
    more: String,
}

impl Rpm {
    /// A package for all machines.
    pub(crate) fn new(name: &str, version: &str) -> Self {
        let architecture = "noarch".to_owned();
        let (name, version) = (name.to_owned(), version.to_owned());
        Self { name, version, architecture, build: 0, more: String::new() }
    }

    /// For machines of one kind, whatever this one is; `src` is the source package.
    pub(crate) fn architecture(mut self, architecture: &str) -> Self {
        architecture.clone_into(&mut self.architecture);
        self
    }

    /// Built anew: the same name with other bytes.
    pub(crate) fn build(mut self, number: u32) -> Self {
        self.build = number;
        self
    }

    /// More lines in the head of its spec, such as `Requires: other`.
    pub(crate) fn with(mut self, lines: &str) -> Self {
        self.more += lines;
        self
    }

    fn parts(&self) -> (&str, &str, &str) {
        let (epoch, rest) = self.version.split_once(':').unwrap_or(("", &self.version));
        let (version, release) = rest.split_once('-').unwrap_or((rest, "1"));
        (epoch, version, release)
    }

    /// The name of its file.
    pub(crate) fn file(&self) -> String {
        let (_, version, release) = self.parts();
        format!("{}-{version}-{release}.{}.rpm", self.name, self.architecture)
    }

    fn spec(&self) -> String {
        let Self { name, build, more, .. } = self;
        let (epoch, version, release) = self.parts();
        let epoch = if epoch.is_empty() { String::new() } else { format!("Epoch: {epoch}\n") };
        let kind = if self.architecture == "noarch" { "BuildArch: noarch\n" } else { "" };
        format!(
            "Name: {name}\nVersion: {version}\nRelease: {release}\n{epoch}{kind}Summary: {name} of the lab\nLicense: MIT\n{more}\n\
             %description\n{name} of the lab, build {build}\n%install\nmkdir -p %{{buildroot}}/usr/share/lab\n\
             echo '{name} {version}' >'%{{buildroot}}/usr/share/lab/{name}'\n%files\n\"/usr/share/lab/{name}\"\n"
        )
    }

    /// Builds it, once for all tests and for later runs of them: gives the file's bytes.
    pub(crate) fn built(&self) -> Vec<u8> {
        type Known = Mutex<BTreeMap<PathBuf, Arc<OnceLock<()>>>>;
        static KNOWN: Known = Mutex::new(BTreeMap::new());
        let key = hex("SHA256", format!("{}{}", self.spec(), self.architecture).as_bytes());
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("rpms");
        let file = cache.join(format!("{}-{}", &key[..16], self.file()));
        let once = KNOWN.lock().unwrap().entry(file.clone()).or_default().clone();
        once.get_or_init(|| {
            if !file.exists() {
                self.rpmbuild(&file);
            }
        });
        std::fs::read(file).unwrap()
    }

    fn rpmbuild(&self, to: &Path) {
        let dir = temp_dir();
        let spec = dir.path().join("lab.spec");
        write(&spec, self.spec());
        let mut call = rpmbuild(dir.path(), "1774238400");
        match self.architecture.as_str() {
            "src" => call.arg("-bs"),
            "noarch" => call.arg("-bb"),
            other => call.args(["-bb", "--target", other]),
        };
        tool(call.arg(&spec));
        let made = walk(dir.path()).into_iter().find(|path| path.ends_with(self.file())).unwrap();
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        // Beside it first: another run of the tests may build the same.
        let aside = to.with_extension(format!("{}", std::process::id()));
        std::fs::copy(made, &aside).unwrap();
        std::fs::rename(aside, to).unwrap();
    }
}

/// A call of rpmbuild that makes the same bytes each time: in a folder, as of a time in seconds since 1970.
pub(crate) fn rpmbuild(folder: &Path, seconds: &str) -> Command {
    let mut call = Command::new("rpmbuild");
    call.env("SOURCE_DATE_EPOCH", seconds).env("LC_ALL", "C").arg("--quiet");
    for (name, value) in [
        ("_topdir", folder.display().to_string().as_str()),
        ("_buildhost", "lab"),
        ("use_source_date_epoch_as_buildtime", "1"),
        ("debug_package", "%{nil}"),
        ("_binary_payload", "w1.gzdio"),
    ] {
        call.args(["--define", &format!("{name} {value}")]);
    }
    call
}
