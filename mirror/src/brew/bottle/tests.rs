use super::*;

const SUM: &str = "0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9";

#[test]
fn a_bottle_has_the_names_that_brew_asks_for() {
    // Name, version, revision, rebuild, tag; index, image and name in a folder of bottles, title.
    let cases = [
        (
            "wget",
            "1.25.0",
            0,
            0,
            "x86_64_linux",
            "wget/manifests/1.25.0",
            "wget-1.25.0.x86_64_linux.bottle.tar.gz",
            "1.25.0.x86_64_linux",
        ),
        (
            "openssl@3",
            "3.6.0",
            1,
            0,
            "arm64_sequoia",
            "openssl/3/manifests/3.6.0_1",
            "openssl@3-3.6.0_1.arm64_sequoia.bottle.tar.gz",
            "3.6.0_1.arm64_sequoia",
        ),
        (
            "libsigc++@2",
            "2.12.1",
            0,
            2,
            "all",
            "libsigcxx/2/manifests/2.12.1-2",
            "libsigc++@2-2.12.1.all.bottle.2.tar.gz",
            "2.12.1.all.2",
        ),
        (
            "python@3.12",
            "3.12.1",
            2,
            1,
            "sonoma",
            "python/3.12/manifests/3.12.1_2-1",
            "python@3.12-3.12.1_2.sonoma.bottle.1.tar.gz",
            "3.12.1_2.sonoma.1",
        ),
    ];
    for (name, version, revision, rebuild, tag, manifest, flat, title) in cases {
        let bottle = Bottle::new(name, (version, revision), rebuild, tag, SUM).unwrap();
        assert_eq!(bottle.flat_manifest().unwrap().to_string(), manifest);
        assert_eq!(bottle.manifest().unwrap().to_string(), format!("v2/homebrew/core/{manifest}"));
        assert_eq!(bottle.flat().unwrap().to_string(), flat);
        assert_eq!(bottle.title(), title);
        let (image, _) = manifest.split_once("/manifests/").unwrap();
        assert_eq!(
            bottle.blob().unwrap().to_string(),
            format!("v2/homebrew/core/{image}/blobs/sha256:{SUM}")
        );
    }
}

#[test]
fn what_cannot_stand_in_a_path_or_url_is_refused() {
    let bad = |name: &str, version: &str, tag: &str, sum: &str| {
        Bottle::new(name, (version, 0), 0, tag, sum)
            .expect_err(&format!("{name} {version} {tag} {sum}"))
    };
    for name in [
        "",
        ".",
        "..",
        "a/b",
        "../x",
        "a@",
        "@a",
        "a@../b",
        "a@.x",
        "A",
        "a b",
        "a\n",
        "\u{e4}",
        "a%2f",
        ".hidden",
        &"x".repeat(200),
    ] {
        assert!(bad(name, "1", "sonoma", SUM).contains("name"), "{name}");
    }
    for version in ["", ".", "..", "1/2", "-1", ".1", "1 2", "1+2", "\u{e4}", &"1".repeat(129)] {
        assert!(bad("a", version, "sonoma", SUM).contains("version"), "{version}");
    }
    for tag in ["", "a/b", "x86-64", "A", "..", &"x".repeat(65)] {
        assert!(bad("a", "1", tag, SUM).contains("tag"), "{tag}");
    }
    for sum in ["", "0a", &format!("{SUM}0"), &SUM.replace('0', "g"), &"\u{e4}".repeat(32)] {
        assert!(bad("a", "1", "sonoma", sum).contains("checksum"), "{sum}");
    }
}
