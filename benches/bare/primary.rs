//! A list of packages of rpm as large as a real one, and our reader of such lists alone.

use std::io::Write;
use std::path::Path;

use pinfold_mirror::rpm::{Place, packages};
use pinfold_mirror::unpack::{Form, unpacked};

use super::next;

/// Words that names and texts are made of.
const WORDS: [&str; 16] = [
    "lib", "python3", "perl", "core", "devel", "tools", "common", "server", "client", "font",
    "utils", "data", "plugin", "doc", "kernel", "gtk",
];

/// Writes a list of so many packages to standard output, with what `createrepo_c` writes of each.
pub(super) fn write(count: u64) {
    let mut out = std::io::BufWriter::with_capacity(1 << 20, std::io::stdout().lock());
    let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<metadata xmlns=\"http://linux.duke.edu/metadata/common\" \
                xmlns:rpm=\"http://linux.duke.edu/metadata/rpm\"";
    writeln!(out, "{head} packages=\"{count}\">").unwrap();
    for number in 0..count {
        package(&mut out, number);
    }
    writeln!(out, "</metadata>").unwrap();
    out.flush().unwrap();
}

fn package(out: &mut impl Write, number: u64) {
    let mut state = number;
    let name = format!("{}-{number}", word(&mut state));
    let version = format!("{}.{}", next(&mut state) % 20, next(&mut state) % 30);
    let release = format!("{}.el9", 1 + next(&mut state) % 9);
    let arch =
        ["x86_64", "x86_64", "noarch", "i686"][usize::try_from(next(&mut state) % 4).unwrap()];
    let sum: String = (0..4).map(|_| format!("{:016x}", next(&mut state))).collect();
    let (size, built) =
        (next(&mut state) % 5_000_000, 1_690_000_000 + next(&mut state) % 50_000_000);
    let text: Vec<&str> = (0..20 + next(&mut state) % 60).map(|_| word(&mut state)).collect();
    let (summary, text) = (text[..6].join(" "), text.join(" "));
    write!(
        out,
        r#"<package type="rpm">
  <name>{name}</name>
  <arch>{arch}</arch>
  <version epoch="0" ver="{version}" rel="{release}"/>
  <checksum type="sha256" pkgid="YES">{sum}</checksum>
  <summary>{summary}</summary>
  <description>{text} &amp; &lt;{name}&gt;.</description>
  <packager>Benchmark &lt;benchmark@example.org&gt;</packager>
  <url>https://example.org/{name}?a=b&amp;c</url>
  <time file="{built}" build="{built}"/>
  <size package="{size}" installed="{size}" archive="{size}"/>
  <location href="Packages/{}/{name}-{version}-{release}.{arch}.rpm"/>
  <format>
    <rpm:license>GPLv2+ and MIT</rpm:license>
    <rpm:vendor>Benchmark</rpm:vendor>
    <rpm:group>Unspecified</rpm:group>
    <rpm:buildhost>build.example.org</rpm:buildhost>
    <rpm:sourcerpm>{name}-{version}-{release}.src.rpm</rpm:sourcerpm>
    <rpm:header-range start="4504" end="{}"/>
"#,
        &name[..1],
        6000 + size % 60_000
    )
    .unwrap();
    let evr = format!("epoch=\"0\" ver=\"{version}\" rel=\"{release}\"");
    entries(
        out,
        &mut state,
        "provides",
        &format!("      <rpm:entry name=\"{name}\" flags=\"EQ\" {evr}/>\n"),
    );
    entries(out, &mut state, "requires", "");
    for _ in 0..next(&mut state) % 6 {
        writeln!(out, "    <file>/usr/bin/{}-{}</file>", word(&mut state), next(&mut state) % 1000)
            .unwrap();
    }
    out.write_all(b"  </format>\n</package>\n").unwrap();
}

/// Writes a list of what a package provides or requires.
fn entries(out: &mut impl Write, state: &mut u64, kind: &str, first: &str) {
    write!(out, "    <rpm:{kind}>\n{first}").unwrap();
    for _ in 0..2 + next(state) % 14 {
        let (name, number) = (word(state), next(state) % 5000);
        writeln!(out, "      <rpm:entry name=\"{name}{number}.so.1()(64bit)\" flags=\"GE\" epoch=\"0\" ver=\"{number}\"/>").unwrap();
    }
    writeln!(out, "    </rpm:{kind}>").unwrap();
}

fn word(state: &mut u64) -> &'static str {
    WORDS[usize::try_from(next(state) % 16).unwrap()]
}

/// Reads a packed list and resolves the path of every package, as a sync does; writes how many there are.
pub(super) fn read(list: &Path) {
    let shown = list.to_str().unwrap();
    let (_, form) = Form::split(shown.as_bytes());
    let from = unpacked(form, std::fs::File::open(list).unwrap(), u64::MAX).unwrap();
    let place = Place::default();
    let mut bytes = 0;
    let seen = packages(from, shown, &mut |package| {
        bytes += package.path(&place)?.as_bytes().len();
        Ok(())
    });
    let packages = seen.unwrap().packages;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{packages} packages, {bytes} bytes of paths").unwrap();
}
