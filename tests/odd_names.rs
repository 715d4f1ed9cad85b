//! Names and links that nobody would choose, asked for over HTTP.
use crate::harness::{ask, write};
use crate::serving::{beside_the_embedded_server, prepared};

/// A URL's path with every byte that is not plain written as `%NN`.
fn encoded(path: &[u8]) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/-_.".contains(byte);
    path.iter()
        .map(|byte| if plain(byte) { char::from(*byte).into() } else { format!("%{byte:02X}") })
        .collect()
}

#[test]
fn odd_names_and_links_are_served_as_they_are_and_nothing_else() {
    use std::os::unix::ffi::OsStrExt;
    let site = prepared();
    let dir = crate::harness::temp_dir();
    let names: [&[u8]; 12] = [
        b"new\nline",
        b"end\n",
        b"tab\there",
        b"\xff\xfe not utf-8",
        b"quote'\"",
        b"back\\slash",
        b"dollar$(id)${pinfold_www}",
        b"semi;colon{brace}",
        b"%2e%2e",
        b"percent%",
        b"question?mark#hash",
        b"plus+and space",
    ];
    let at = |name: &[u8]| dir.path().join(std::ffi::OsStr::from_bytes(name));
    for (number, name) in names.iter().enumerate() {
        write(at(name), format!("content {number}"));
        write(at(&[b"in ", *name].concat()).join("file"), format!("inner {number}"));
    }
    for (link, target) in
        [("link", "real/file"), ("folder", "real"), ("dangling", "nowhere"), ("loop", "loop")]
    {
        std::os::unix::fs::symlink(target, dir.path().join(link)).unwrap();
    }
    write(dir.path().join("real/file"), "real");
    site.ok(&["ingest", "other", dir.path().to_str().unwrap()]);
    site.ok(&["promote", "other", "--to", "production", "--allow-shrink"]);
    let check = |port: u16| {
        let get = |name: &[u8]| ask(port, "GET", &format!("/files/{}", encoded(name)), "");
        for (number, name) in names.iter().enumerate() {
            let shown = String::from_utf8_lossy(name);
            assert_eq!(get(name).text(), format!("content {number}"), "{shown:?}");
            let inner = get(&[b"in ", *name, b"/file"].concat());
            assert_eq!(inner.text(), format!("inner {number}"), "{shown:?}");
        }
        assert_eq!(
            (get(b"link").text(), get(b"folder/file").text()),
            ("real".into(), "real".into())
        );
        for absent in ["dangling", "loop", "loop/x", "folder", "real", "link/x", "link/"] {
            assert_eq!(get(absent.as_bytes()).status, 404, "{absent}");
        }
    };
    let _nginx = site.nginx();
    check(site.port);
    beside_the_embedded_server(&site, check);
}
