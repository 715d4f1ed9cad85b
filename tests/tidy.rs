//! The house keeps its own rules: who may call whom, how long a file may be, and that no test file is forgotten.
use std::path::{Path, PathBuf};

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn sources() -> Vec<PathBuf> {
    ["store", "mirror", "publisher", "cli", "tests"]
        .iter()
        .flat_map(|room| crate::harness::walk(&top().join(room)))
        .filter(|path| path.extension().is_some_and(|end| end == "rs"))
        .collect()
}

#[test]
fn crates_call_only_whom_the_design_lets_them() {
    for (room, allowed) in [
        ("store", &[][..]),
        ("mirror", &["pinfold-store"]),
        ("publisher", &["pinfold-store"]),
        ("cli", &["pinfold-store", "pinfold-mirror", "pinfold-publisher"]),
    ] {
        let text = std::fs::read_to_string(top().join(room).join("Cargo.toml")).unwrap();
        for line in text.lines().filter(|line| line.starts_with("pinfold-")) {
            let called = line.split(['.', ' ', '=']).next().unwrap();
            assert!(allowed.contains(&called), "{room} must not depend on {called}");
        }
    }
}

#[test]
fn no_file_grows_into_a_hall_and_none_is_a_drawer() {
    for path in sources() {
        let lines = std::fs::read_to_string(&path).unwrap().lines().count();
        assert!(
            lines <= 400 || path.ends_with("tests.rs"),
            "{} has {lines} lines, more than 400",
            path.display()
        );
        let stem = path.file_stem().unwrap().to_str().unwrap();
        assert!(
            !["util", "utils", "common", "helpers", "types", "misc"].contains(&stem),
            "{} has a name that says nothing",
            path.display()
        );
    }
}

#[test]
fn no_test_file_is_forgotten() {
    let main = std::fs::read_to_string(top().join("tests/main.rs")).unwrap();
    for entry in std::fs::read_dir(top().join("tests")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let module = name.strip_suffix(".rs").unwrap_or(&name).to_owned();
        assert!(
            module == "main" || main.contains(&format!("mod {module};")),
            "tests/{name} is not in tests/main.rs"
        );
    }
}

/// README.md and every page of docs/.
fn documents() -> String {
    let mut said = std::fs::read_to_string(top().join("README.md")).unwrap();
    let mut folders = vec![top().join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ext| ext == "md") {
                said += &std::fs::read_to_string(path).unwrap();
            }
        }
    }
    said
}

#[test]
fn every_verb_is_in_the_readme_or_the_documentation() {
    let said = documents();
    let help = crate::harness::tool(
        std::process::Command::new(env!("CARGO_BIN_EXE_pinfold")).arg("--help"),
    );
    let help = String::from_utf8(help.stdout).unwrap();
    let listed = help.split("\nSnapshots are named").next().unwrap();
    let verbs: Vec<&str> = listed
        .lines()
        .filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next())
        .collect();
    assert!(verbs.len() > 20, "{verbs:?}");
    for verb in verbs {
        assert!(
            said.contains(&format!("pinfold {verb}")) || said.contains(&format!("`{verb}")),
            "{verb} is not documented"
        );
    }
}

/// True where an SPDX expression can be met with the allowed licences: every AND needs one OR that is allowed.
fn permitted(expression: &str, allowed: &[String]) -> bool {
    let plain = expression.replace(['(', ')'], "").replace('/', " OR ");
    plain
        .split(" AND ")
        .all(|part| part.split(" OR ").any(|name| allowed.iter().any(|good| good == name.trim())))
}

#[test]
fn every_dependency_has_a_licence_that_the_policy_allows() {
    let text = std::fs::read_to_string(top().join("deny.toml")).unwrap();
    let policy: toml::Value = toml::from_str(&text).unwrap();
    let words = |value: &toml::Value| -> Vec<String> {
        value.as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect()
    };
    let allowed = words(&policy["licenses"]["allow"]);
    let mut command = std::process::Command::new(env!("CARGO"));
    command
        .args(["metadata", "--locked", "--offline", "--format-version", "1"])
        .args(["--filter-platform", "x86_64-unknown-linux-gnu", "--manifest-path"])
        .arg(top().join("Cargo.toml"));
    let metadata: serde_json::Value =
        serde_json::from_slice(&crate::harness::tool(&mut command).stdout).unwrap();
    for package in metadata["packages"].as_array().unwrap() {
        let (name, licence) =
            (package["name"].as_str().unwrap(), package["license"].as_str().unwrap_or(""));
        let excepted = policy["licenses"]["exceptions"].as_array().unwrap().iter().any(|one| {
            one["crate"].as_str() == Some(name) && permitted(licence, &words(&one["allow"]))
        });
        assert!(
            excepted || permitted(licence, &allowed),
            "{name} is under {licence:?}, which deny.toml does not allow"
        );
        let source = package["source"].as_str().unwrap_or("registry+path");
        assert!(source.starts_with("registry+"), "{name} comes from {source}");
    }
}

#[test]
fn every_finding_and_failure_point_is_documented() {
    let findings = std::fs::read_to_string(top().join("docs/findings.md")).unwrap();
    let source = std::fs::read_to_string(top().join("store/src/report.rs")).unwrap();
    let codes = source
        .lines()
        .filter_map(|line| line.split_once(" => \""))
        .map(|(_, rest)| rest.split('"').next().unwrap());
    for code in codes {
        assert!(findings.contains(&format!("`{code}`")), "{code} is not in docs/findings.md");
    }
    let doctor = std::fs::read_to_string(top().join("cli/src/cmd/doctor/code.rs")).unwrap();
    let words = doctor.split('"').filter(|word| {
        word.contains('-') && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    });
    let mut tests = std::fs::read_to_string(top().join("tests/doctor.rs")).unwrap();
    for path in crate::harness::walk(&top().join("tests/doctor")) {
        tests += &std::fs::read_to_string(path).unwrap();
    }
    for code in words {
        assert!(findings.contains(&format!("`{code}`")), "{code} is not in docs/findings.md");
        assert!(tests.contains(&format!("\"{code}\"")), "{code} is provoked in no test of doctor");
    }
    let said = documents();
    for point in pinfold_store::disk::POINTS {
        assert!(said.contains(point), "{point} is not in docs/");
    }
}

#[test]
fn every_key_of_a_mirrors_file_is_documented() {
    let guide = documents();
    let source = std::fs::read_to_string(top().join("cli/src/config/written.rs")).unwrap();
    let fields = source.split("struct MirrorFile {").nth(1).unwrap().split('}').next().unwrap();
    let keys = fields
        .lines()
        .filter_map(|line| line.trim().trim_start_matches("pub(super) ").split_once(": "));
    for (key, _) in keys.filter(|(key, _)| key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
    {
        let key = key.replace('_', "-");
        let is_said = [format!("`{key}"), format!("`[{key}"), format!("\n{key} = ")]
            .iter()
            .any(|form| guide.contains(form.as_str()));
        assert!(is_said, "{key} is not in docs/");
    }
}

#[test]
fn every_link_between_pages_leads_to_a_page() {
    let pages = crate::harness::walk(&top().join("docs"));
    let pages =
        pages.into_iter().chain(["README.md", "CONTRIBUTING.md"].map(|name| top().join(name)));
    let mut count = 0;
    for page in pages.filter(|page| page.extension().is_some_and(|end| end == "md")) {
        let text = std::fs::read_to_string(&page).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
            if !link.is_empty() && !link.contains(':') {
                count += 1;
                let to = page.with_file_name(link);
                assert!(to.exists(), "{} leads to {link}, which is not there", page.display());
            }
        }
    }
    assert!(count > 50, "{count} links");
}
