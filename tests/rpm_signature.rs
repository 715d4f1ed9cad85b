//! Packages that the real rpmbuild and rpmsign made, judged by us and by rpm beside us.
use crate::harness::{long, seed, temp_dir, tool, write};
use pinfold_mirror::Error;
use pinfold_mirror::rpm::package::{Checked, Counts, Verdict, check};
use pinfold_mirror::sign::{Keyring, Rules};
use pinfold_store::sums::{Algorithm, Checking};
use std::path::PathBuf;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

const SPEC: &str = "Name: hello\nVersion: 1.0\nRelease: 1\nEpoch: 2\nSummary: x\nLicense: MIT\nBuildArch: noarch\n\
    %description\nx\n%install\nmkdir -p %{buildroot}/usr/share/hello\nseq 500 >%{buildroot}/usr/share/hello/text\n\
    %files\n/usr/share/hello/text\n";
/// The tags that say what the payload is, in the header.
const PAYLOAD_TAGS: [u32; 3] = [5092, 5093, 5097];

/// What rpm says of a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rpm {
    /// Its signatures count.
    Signed,
    /// It carries none.
    Unsigned,
    Refused,
}

/// Keys of vendors, and rpm with a database of its own that trusts some of them.
struct Lab {
    dir: tempfile::TempDir,
    /// What rpm trusts.
    ring: Keyring,
}

impl Lab {
    fn new() -> Self {
        let dir = temp_dir();
        let mut lab = Self { dir, ring: Keyring::default() };
        let home = lab.at("gpg");
        std::fs::create_dir(&home).unwrap();
        tool(Command::new("chmod").arg("0700").arg(&home));
        for (name, kind) in [("rsa", "rsa2048"), ("eddsa", "ed25519"), ("stranger", "ed25519")] {
            lab.gpg(&["--passphrase", "", "--quick-generate-key", name, kind, "sign", "never"]);
        }
        let keys = lab.gpg(&["--armor", "--export", "rsa", "eddsa"]);
        let file = lab.at("RPM-GPG-KEY-lab");
        write(&file, keys);
        tool(lab.rpmkeys().arg("--import").arg(&file));
        lab.ring = Keyring::load(&[file]).unwrap();
        lab
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn gpg(&self, arguments: &[&str]) -> Vec<u8> {
        let mut call = Command::new("gpg");
        call.args(["--batch", "--quiet", "--homedir"]).arg(self.at("gpg")).args(arguments);
        tool(&mut call).stdout
    }

    fn rpmkeys(&self) -> Command {
        let mut call = Command::new("rpmkeys");
        call.arg("--dbpath").arg(self.at("db")).env("LC_ALL", "C");
        call
    }

    /// Builds a package and its source.
    fn build(&self) -> [Vec<u8>; 2] {
        write(self.at("hello.spec"), SPEC);
        let mut call = Command::new("rpmbuild");
        let top = self.at("top");
        call.args(["--quiet", "-ba", "--define"]).arg(format!("_topdir {}", top.display()));
        tool(call.arg(self.at("hello.spec")));
        ["RPMS/noarch/hello-1.0-1.noarch.rpm", "SRPMS/hello-1.0-1.src.rpm"]
            .map(|name| std::fs::read(top.join(name)).unwrap())
    }

    /// Signs a package; `more` are more options.
    fn sign(&self, bytes: &[u8], by: &str, more: &[&str]) -> Vec<u8> {
        let file = self.at("signing.rpm");
        write(&file, bytes);
        let mut call = Command::new("rpmsign");
        call.env("GNUPGHOME", self.at("gpg")).args(["--define", "__gpg /usr/bin/gpg"]);
        call.args(["--define", &format!("_gpg_name {by}"), "--addsign"]).args(more);
        tool(call.arg(&file));
        std::fs::read(&file).unwrap()
    }

    fn fingerprint(&self, name: &str) -> String {
        let listed = self.gpg(&["--with-colons", "--list-keys", name]);
        let listed = String::from_utf8(listed).unwrap();
        let line = listed.lines().find(|line| line.starts_with("fpr:")).unwrap();
        line.split(':').nth(9).unwrap().to_owned()
    }

    fn ours(&self, bytes: &[u8]) -> Result<Checked, Error> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let rules = Rules { now: i64::try_from(now).unwrap(), ..Rules::default() };
        check(bytes, &self.ring, &rules, "hello.rpm")
    }

    /// Asks the real rpm about a package.
    fn rpm(&self, bytes: &[u8]) -> Rpm {
        write(self.at("asked.rpm"), bytes);
        let said = self.rpmkeys().current_dir(self.dir.path()).args(["-K", "asked.rpm"]).output();
        match String::from_utf8_lossy(&said.unwrap().stdout).trim_end() {
            "asked.rpm: digests signatures OK" => Rpm::Signed,
            "asked.rpm: digests OK" => Rpm::Unsigned,
            _ => Rpm::Refused,
        }
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let mut kill = Command::new("gpgconf");
        drop(kill.arg("--homedir").arg(self.at("gpg")).args(["--kill", "all"]).output());
    }
}

fn number(bytes: &[u8]) -> usize {
    bytes[..4].iter().fold(0, |all, byte| all << 8 | usize::from(*byte))
}

/// Where a header ends that begins at a byte.
fn end(bytes: &[u8], at: usize) -> usize {
    at + 16 + 16 * number(&bytes[at + 8..]) + number(&bytes[at + 12..])
}

/// Where the header begins that is signed.
pub(crate) fn main_header(bytes: &[u8]) -> usize {
    end(bytes, 96).next_multiple_of(8)
}

/// Gives tags of the header that begins at a byte to nobody: it stays as long, and nobody knows the new ones.
pub(crate) fn without(bytes: &mut [u8], at: usize, tags: &[u32]) {
    for line in 0..number(&bytes[at + 8..]) {
        let at = at + 16 + 16 * line;
        let tag = u32::try_from(number(&bytes[at..])).unwrap();
        if tags.contains(&tag) {
            bytes[at..at + 4].copy_from_slice(&(tag + 900).to_be_bytes());
        }
    }
}

/// Makes a package as rpm before 4.14 made it: nothing says what its payload is, and what the package states of its header is
/// made right again.
pub(crate) fn without_payload_digest(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let main = main_header(&bytes);
    without(&mut bytes, main, &PAYLOAD_TAGS);
    let sum = |algorithm, bytes: &[u8]| {
        let mut running = Checking::toward(algorithm);
        running.update(bytes);
        running.finish()
    };
    let header = &bytes[main..end(&bytes, main)];
    let stated = [
        (273, sum(Algorithm::Sha256, header).hex().into_bytes()),
        (269, sum(Algorithm::Sha1, header).hex().into_bytes()),
        (1004, sum(Algorithm::Md5, &bytes[main..]).as_bytes().to_vec()),
    ];
    let count = number(&bytes[96 + 8..]);
    for line in 0..count {
        let at = 96 + 16 + 16 * line;
        let tag = number(&bytes[at..]);
        let value = 96 + 16 + 16 * count + number(&bytes[at + 8..]);
        if let Some((_, sum)) = stated.iter().find(|(one, _)| *one == tag) {
            bytes[value..value + sum.len()].copy_from_slice(sum);
        }
    }
    bytes
}

/// Makes a package of that age whose signature covers its header alone; `sign` signs bytes as rpmsign does.
pub(crate) fn header_only(bytes: &[u8], sign: &dyn Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    // rpmsign signs all of such a package, unasked.
    let mut signed = sign(&without_payload_digest(bytes));
    without(&mut signed, 96, &[1005]);
    signed
}

#[test]
fn a_package_is_signed_where_rpm_says_so() {
    let lab = Lab::new();
    let [plain, source] = lab.build();
    let old = without_payload_digest(&plain);
    let [rsa, eddsa, stranger] = ["rsa", "eddsa", "stranger"].map(|name| lab.fingerprint(name));
    let by = |name: &str| format!("signed by {name}");
    // rpmsign signs all of such a package, unasked.
    let mut header_only = lab.sign(&old, "eddsa", &[]);
    let covered = (by(&eddsa), Rpm::Signed);
    assert_eq!(
        (lab.ours(&header_only).unwrap().verdict.to_string(), lab.rpm(&header_only)),
        covered
    );
    without(&mut header_only, 96, &[1005]);
    let unknown = format!("signed by {stranger}, not in the keyring");
    let cases = [
        ("unsigned", plain.clone(), "unsigned".to_owned(), Rpm::Unsigned),
        ("RSA", lab.sign(&plain, "rsa", &[]), by(&rsa), Rpm::Signed),
        ("EdDSA", lab.sign(&plain, "eddsa", &[]), by(&eddsa), Rpm::Signed),
        ("RSA of all, too", lab.sign(&plain, "rsa", &["--rpmv3"]), by(&rsa), Rpm::Signed),
        ("EdDSA of all, too", lab.sign(&plain, "eddsa", &["--rpmv3"]), by(&eddsa), Rpm::Signed),
        ("source", lab.sign(&source, "rsa", &[]), by(&rsa), Rpm::Signed),
        ("stranger", lab.sign(&plain, "stranger", &[]), unknown, Rpm::Refused),
        ("old, unsigned", old.clone(), "unsigned".to_owned(), Rpm::Unsigned),
        ("old, of all", lab.sign(&old, "rsa", &["--rpmv3"]), by(&rsa), Rpm::Signed),
        // Trap 29.
        (
            "old, of the header",
            header_only,
            format!("signed header by {eddsa}, unsigned payload"),
            Rpm::Refused,
        ),
    ];
    let mut counts = Counts::default();
    for (name, bytes, ours, rpm) in &cases {
        let said = lab.rpm(bytes);
        let found = lab.ours(bytes).unwrap();
        assert_eq!((found.verdict.to_string(), said), (ours.clone(), *rpm), "{name}");
        let arch = if *name == "source" { "src" } else { "noarch" };
        assert_eq!(found.name.to_string(), format!("hello-2:1.0-1.{arch}"), "{name}");
        counts.add(&found.verdict);
    }
    assert_eq!((counts.unsigned, counts.total()), (2, 10));
}

/// Damages a package at a byte.
fn flipped(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at] ^= 1 << (at % 8);
    bytes
}

#[test]
fn a_damaged_package_is_refused_where_rpm_refuses_it() {
    let lab = Lab::new();
    let [plain, _] = lab.build();
    let signed = lab.sign(&plain, "rsa", &[]);
    let old = lab.sign(&without_payload_digest(&plain), "eddsa", &["--rpmv3"]);
    for bytes in [&signed, &old] {
        let (main, payload) = (main_header(bytes), end(bytes, main_header(bytes)));
        let cases = [
            ("lead", flipped(bytes, 0)),
            ("signature header", flipped(bytes, 96)),
            ("header, magic", flipped(bytes, main)),
            ("header, store", flipped(bytes, payload - 17)),
            ("header, region", flipped(bytes, payload - 1)),
            ("payload, first", flipped(bytes, payload)),
            ("payload, last", flipped(bytes, bytes.len() - 1)),
            ("payload, more", [&bytes[..], b"x"].concat()),
            ("payload, cut", bytes[..bytes.len() - 1].to_vec()),
            ("payload, none", bytes[..payload].to_vec()),
            ("header, cut", bytes[..payload - 1].to_vec()),
            ("signature header, cut", bytes[..99].to_vec()),
            ("empty", Vec::new()),
        ];
        for (name, bytes) in &cases {
            assert_eq!(lab.rpm(bytes), Rpm::Refused, "{name}");
            match lab.ours(bytes) {
                Err(Error::BadMetadata { .. }) => {
                    assert!(!name.starts_with("payload") && *name != "header, store", "{name}");
                }
                Ok(Checked { verdict: Verdict::Bad { .. }, .. }) => {}
                other => panic!("{name}: {other:?}"),
            }
        }
    }
}

#[test]
fn no_flipped_bit_is_taken_that_rpm_refuses() {
    let lab = Lab::new();
    let [plain, _] = lab.build();
    let mut state = seed() | 1;
    for (by, more) in [("rsa", &[][..]), ("eddsa", &["--rpmv3"])] {
        let bytes = lab.sign(&plain, by, more);
        let places: Vec<usize> = if long() {
            (0..bytes.len()).collect()
        } else {
            let mut next = || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                usize::try_from(state >> 33).unwrap() % bytes.len()
            };
            (0..400).map(|_| next()).collect()
        };
        // Nothing before the header is signed: rpm is stricter with how it is laid out, and with names of keys that are not
        // signed either.
        let main = main_header(&bytes);
        // The last byte of how many tags the region has: rpm rounds it.
        let rounded = end(&bytes, 96) - 5;
        let mut wrong = String::new();
        for at in places.into_iter().filter(|at| *at != rounded) {
            let bytes = &flipped(&bytes, at);
            let said = lab.rpm(bytes);
            let ours = lab.ours(bytes).map(|found| found.verdict);
            let is_signed = matches!(ours, Ok(Verdict::Signed { .. }));
            let is_stricter = at < main && said == Rpm::Refused;
            if is_signed != (said == Rpm::Signed) && !is_stricter {
                let shown = ours.map_or_else(|e| e.to_string(), |verdict| verdict.to_string());
                wrong += &format!("byte {at}: rpm {said:?}, ours {shown}\n");
            }
        }
        assert!(wrong.is_empty(), "{wrong}");
    }
}
