use std::io::Read;

use super::*;

fn all(text: impl AsRef<[u8]>) -> Result<(Vec<Module>, ModulesSeen)> {
    let mut all = Vec::new();
    let seen = modules(text.as_ref(), "modules.yaml", &mut |one| {
        all.push(one);
        Ok(())
    })?;
    assert_eq!((seen.modules, seen.flawed > 0), (all.len() as u64, seen.flaw.is_some()));
    Ok((all, seen))
}

/// Each module on one line: name, stream, version, context, architecture and artifacts.
fn shown(text: impl AsRef<[u8]>) -> Vec<String> {
    let line = |one: &Module| {
        let artifacts: Vec<String> = one.artifacts.iter().map(ToString::to_string).collect();
        let fields = [&one.name, &one.stream, &one.version, &one.context, &one.architecture];
        format!("{} {}", fields.map(|field| &**field).join(":"), artifacts.join(" "))
    };
    let (all, seen) = all(text).unwrap();
    assert_eq!(seen.flaw, None);
    all.iter().map(line).collect()
}

/// Says why a text is refused.
fn refused(text: impl AsRef<[u8]>) -> String {
    match all(text) {
        Err(Error::BadMetadata { path, why }) => {
            assert_eq!(path, "modules.yaml");
            assert!(!why.contains('\n') && why.len() < 400, "{why}");
            why
        }
        other => panic!("{other:?} is refused"),
    }
}

/// Two streams and documents of other kinds, as archives have them.
const REAL: &str = r#"---
document: modulemd
version: 2
data:
  name: nodejs
  stream: "18"
  version: 9030020240807132730
  context: rhel9
  arch: x86_64
  static_context: true
  summary: >-
    Javascript runtime
  description: |
    Node.js is a platform: "fast",
      - scalable.
    artifacts: no
  license:
    module: [MIT]
    content: [Apache-2.0, MIT]
  xmd:
    name: other
    artifacts:
      rpms: [bash-0:1-1.x86_64]
  dependencies:
  - buildrequires:
      platform: [el9]
  profiles:
    common:
      rpms: [nodejs, npm]
  api:
    rpms:
    - nodejs
  components:
    rpms:
      nodejs:
        rationale: Javascript runtime.
        name: other
  artifacts:
    rpms:
    - nodejs-1:18.20.4-1.module+el9.4.0+1.src
    - nodejs-1:18.20.4-1.module+el9.4.0+1.x86_64
    - 'npm-1:10.7.0-1.18.20.4.1.module+el9.4.0+1.x86_64'
    - "nodejs-nodemon-0:3.0.1-1.module+el9.2.0.z+1.noarch" # a comment
...
---
document: modulemd-defaults
version: 1
data:
  module: nodejs
  stream: 18
  profiles:
    18: [common]
...
---
document: modulemd-obsoletes
version: 1
data: {module: nodejs, stream: 16, reset: true, artifacts: {rpms: [no]}}
...
---
document: modulemd
version: 2
data:
  artifacts: {rpms: [a-0:1-1.noarch,
    b-2:1-1.i686]}
  stream: rhel8
  name: container-tools
"#;

#[test]
fn streams_are_read_with_their_artifacts() {
    let expected = [
        "nodejs:18:9030020240807132730:rhel9:x86_64 nodejs-1:18.20.4-1.module+el9.4.0+1.src \
         nodejs-1:18.20.4-1.module+el9.4.0+1.x86_64 npm-1:10.7.0-1.18.20.4.1.module+el9.4.0+1.x86_64 \
         nodejs-nodemon-3.0.1-1.module+el9.2.0.z+1.noarch",
        "container-tools:rhel8::: a-1-1.noarch b-2:1-1.i686",
    ];
    assert_eq!(shown(REAL), expected);
    assert_eq!(shown(REAL.replace('\n', "\r\n")), expected);
    assert_eq!(shown(format!("\u{feff}{REAL}")), expected);
}

#[test]
fn what_is_missing_or_empty_is_no_module_or_has_no_artifacts() {
    let head = "document: modulemd\ndata:\n  name: a\n  stream: b\n";
    for (text, expected) in [
        (String::new(), &[][..]),
        ("# a comment\n".to_owned(), &[]),
        ("document: modulemd-packager\ndata: {name: a, stream: b}".to_owned(), &[]),
        (head.to_owned(), &["a:b::: "]),
        (format!("{head}  artifacts:\n"), &["a:b::: "]),
        (format!("{head}  artifacts: {{}}\n"), &["a:b::: "]),
        (format!("{head}  artifacts:\n    rpms:\n"), &["a:b::: "]),
        (format!("{head}  artifacts:\n    rpms: []\n"), &["a:b::: "]),
        (
            format!("{head}  artifacts:\n    rpm-map: {{sha256: {{x: {{name: y}}}}}}\n"),
            &["a:b::: "],
        ),
        (format!("? {{document: x, [a]: b}}\n: {{name: c}}\n? [data]\n: 1\n{head}"), &["a:b::: "]),
        (
            "document: modulemd\ndata: {? {name: c} : {name: d}, name: a, stream: 'b'}".to_owned(),
            &["a:b::: "],
        ),
    ] {
        assert_eq!(shown(&text), expected, "{text}");
    }
}

#[test]
fn what_is_no_list_of_modules_is_refused_with_its_line() {
    let head = "document: modulemd\ndata:\n  name: a\n  stream: b\n";
    for (text, why) in [
        (
            "<html>\n<body>404</body></html>".to_owned(),
            "line 1: the text '<html> <body>404</body></html>', where KEY: VALUE is expected",
        ),
        ("{\"a\": ".to_owned(), "line 1: no YAML: "),
        ("a: b: c\n".to_owned(), "line 1: no YAML: "),
        ("\tx".to_owned(), "line 1: "),
        ("a: [1, 2\nb: 3\n".to_owned(), ": no YAML: "),
        (format!("{head}  x: @\n"), "line 5: no YAML: "),
        (format!("{head}---\n- a\n"), "line 6: a list, where KEY: VALUE is expected"),
        (format!("{head}---\n...\n"), ": nothing, where KEY: VALUE is expected"),
        (format!("{head}---\n"), ": nothing, where KEY: VALUE is expected"),
    ] {
        let found = refused(&text);
        assert!(found.contains(why), "{text}: {found}");
    }
    for bytes in [
        &b"document: modulemd\nx: \xe9\n"[..],
        b"a: 1\n\xff",
        b"\xe2\x82",
        b"a: \0\n",
        b"a: \x1b\n",
    ] {
        assert!(refused(bytes).starts_with("line "), "{bytes:?}");
    }
}

/// Says what is wrong with a text, how many of its documents have something wrong, and the names of what it hands out.
fn flaw(text: &str) -> (String, u64, Vec<Box<str>>) {
    let (all, seen) = all(text).unwrap();
    let names = all.into_iter().map(|one| one.name).collect();
    (seen.flaw.unwrap(), seen.flawed, names)
}

#[test]
fn what_clients_pass_over_is_said_and_the_rest_is_read() {
    let head = "document: modulemd\ndata:\n  name: a\n  stream: b\n";
    for (text, why, is_handed_out) in [
        ("a: 1\n".to_owned(), "a document ends that does not say of which kind it is", false),
        ("document: modulemd\n".to_owned(), "a module ends that has no name or no stream", false),
        ("document: modulemd\ndata: {name: a}\n".to_owned(), "has no name or no stream", false),
        ("document: [modulemd]\n".to_owned(), "line 1: a list, where a short text is", false),
        (format!("{head}  artifacts: [a]\n"), "line 5: a list, where KEY: VALUE is", true),
        (
            format!("{head}  artifacts:\n    rpms: {{a: b}}\n"),
            "line 6: KEY: VALUE, where a list is",
            true,
        ),
        (
            format!("{head}  artifacts:\n    rpms: a\n"),
            "line 6: the text 'a', where a list is",
            true,
        ),
        (
            format!("{head}  artifacts:\n    rpms: [[a]]\n"),
            "line 6: a list, where NAME-EPOCH:",
            true,
        ),
        (
            format!("{head}  artifacts:\n    rpms: [bash-1-1]\n"),
            "line 6: the text 'bash-1-1', where NAME-EPOCH:VERSION-RELEASE.ARCHITECTURE is expected",
            true,
        ),
        (
            format!("{head}  artifacts:\n    rpms: [\"a\\e[2J-1\"]\n"),
            "the text 'a\\x1b[2J-1'",
            true,
        ),
        (
            format!("{head}  arch: {}\n", "x".repeat(2000)),
            "line 5: more than 1024 bytes, where a short text is expected",
            true,
        ),
    ] {
        let (found, count, names) = flaw(&format!("{text}---\n{}", head.replace(": a", ": z")));
        assert!(found.contains(why) && count == 1, "{text}: {found}");
        let expected: &[&str] = if is_handed_out { &["a", "z"] } else { &["z"] };
        assert_eq!(names.iter().map(|name| &**name).collect::<Vec<_>>(), expected, "{text}");
    }
    let odd = format!("{head}  artifacts: {{rpms: [a-1-1.noarch, odd, b-1-1.noarch]}}\n");
    let (found, _) = all(odd).unwrap();
    assert_eq!(found[0].artifacts.len(), 2, "what can be read is kept");
}

#[test]
fn aliases_are_not_followed() {
    let bomb: String = std::iter::once("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned())
        .chain((1..30).map(|n| {
            let aliases = vec![format!("*a{}", n - 1); 10].join(", ");
            format!("a{n}: &a{n} [{aliases}]\n")
        }))
        .collect();
    let head = "document: modulemd\ndata:\n  name: a\n  stream: b\n";
    assert_eq!(shown(format!("{bomb}{head}")), ["a:b::: "]);
    assert_eq!(shown(format!("x: &x y\n*x : z\n{head}")), ["a:b::: "]);
    for text in [
        "x: &x modulemd\ndocument: *x",
        "x: &x {name: a}\ndata: *x",
        "x: &x {rpms: []}\ndata: {artifacts: *x}",
        "x: &x []\ndata: {artifacts: {rpms: *x}}",
        "x: &x a-1-1.noarch\ndata: {artifacts: {rpms: [*x]}}",
    ] {
        let kind = if text.contains("document") { "" } else { "document: modulemd" };
        let (found, ..) = flaw(&format!("{text}\n{kind}"));
        assert!(found.contains("line 2: an alias, where "), "{text}: {found}");
    }
}

#[test]
fn nesting_is_bounded() {
    for (open, count) in [("[", 100_000), ("{a: ", 100_000), ("- ", 100_000), ("? ", 100_000)] {
        refused(format!("x:\n {}", open.repeat(count)));
    }
}

/// Gives a few bytes at a time.
struct Dripping<'a>(&'a [u8], usize);

impl Read for Dripping<'_> {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        let length = self.1.min(self.0.len()).min(to.len());
        to[..length].copy_from_slice(&self.0[..length]);
        self.0 = &self.0[length..];
        Ok(length)
    }
}

#[test]
fn letters_may_come_in_pieces() {
    let text = "document: modulemd\ndata: {name: häß€\u{1f980}, stream: é}\n";
    for size in [1, 2, 3, 5, 64] {
        let mut names = Vec::new();
        let each = &mut |one: Module| {
            names.push(one.name);
            Ok(())
        };
        modules(Dripping(text.as_bytes(), size), "modules.yaml", each).unwrap();
        assert_eq!(names, ["häß€\u{1f980}".into()], "{size} at a time");
    }
}

/// Fails after some text.
struct Failing<'a>(&'a [u8], i32);

impl Read for Failing<'_> {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        match self.0.read(to)? {
            0 if self.1 > 0 => Err(std::io::Error::from_raw_os_error(self.1)),
            0 => Err(std::io::Error::other("corrupt\ndeflate stream")),
            read => Ok(read),
        }
    }
}

#[test]
fn what_cannot_be_read_or_taken_is_said() {
    let mut none = |_: Module| Ok(());
    let found = modules(Failing(REAL.as_bytes(), 5), "m", &mut none).unwrap_err();
    assert!(matches!(found, Error::Io { action: "read", .. }), "{found:?}");
    let found = modules(Failing(REAL.as_bytes(), 0), "m", &mut none).unwrap_err();
    let found = found.to_string();
    assert!(found.contains("the last that can be read: corrupt\\x0adeflate stream"), "{found}");
    let mut count = 0;
    let found = modules(REAL.as_bytes(), "m", &mut |_| {
        count += 1;
        Err(Error::Interrupted)
    });
    assert!(matches!(found, Err(Error::Interrupted)) && count == 1);
}

#[test]
fn a_text_that_never_ends_is_not_kept() {
    let head = "document: modulemd\ndata:\n  name: a\n  stream: b\n  description: ";
    let endless = |text: &'static [u8]| head.as_bytes().chain(Endless(text));
    for text in [&b"x"[..], b"x x\n    ", b"# x\n", b"'"] {
        let why = match modules(endless(text), "modules.yaml", &mut |_| Ok(())) {
            Err(Error::BadMetadata { why, .. }) => why,
            other => panic!("{other:?}"),
        };
        assert!(why.contains("a text has more than 4194304 bytes"), "{why}");
    }
}

/// The same over and over; the end comes long after what is allowed.
struct Endless(&'static [u8]);

impl Read for Endless {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        let (mut from, length) = (self.0.iter().cycle(), to.len() / self.0.len() * self.0.len());
        to[..length].fill_with(|| *from.next().unwrap());
        Ok(length)
    }
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_modules_or_refused(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..60)) {
        drop(all(bytes));
    }

    #[test]
    fn any_text_like_yaml_is_modules_or_refused(text in "([ a:&*?{}\\[\\]|>'\"!%#,\n-]|\n---\n|data|document|\u{85}|\u{feff}|\t|\r){0,40}") {
        drop(all(text));
    }

    #[test]
    fn a_broken_list_never_panics(at in 0_usize..1600, cut in 0_usize..30, put in "[ a:&*?{}\\[\\]|>'\"!%#,\n-]{0,4}") {
        let mut text = REAL.as_bytes().to_vec();
        let at = at.min(text.len());
        let end = (at + cut).min(text.len());
        text.splice(at..end, put.bytes());
        drop(all(text));
    }
}
