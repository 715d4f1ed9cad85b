//! The recipes: what the table makes, read by the tools that they are for, and carried out below a folder until nothing but the data is left.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::harness::{temp_dir, tool, walk, write};

const NAMES: [&str; 6] = [
    "apt-mirror",
    "dnf-mirror",
    "zypper-mirror",
    "apk-mirror",
    "pacman-mirror",
    "brew-bottle-mirror",
];

fn recipes() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("recipes")
}

/// Every file of a folder below it, with what it holds.
fn files(top: &Path) -> BTreeMap<PathBuf, String> {
    let files = walk(top).into_iter().filter(|path| path.is_file());
    files
        .map(|path| {
            let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
            (path.strip_prefix(top).unwrap().to_owned(), text)
        })
        .collect()
}

#[test]
fn the_recipes_are_what_the_table_makes() {
    let made = temp_dir();
    tool(Command::new(recipes().join("generate")).arg(made.path()));
    let mut kept = files(&recipes());
    for source in ["table", "generate", "README.md"] {
        assert!(kept.remove(Path::new(source)).is_some());
    }
    let made = files(made.path());
    assert!(kept == made, "run recipes/generate, and commit what it makes");
    for name in NAMES {
        for end in ["", "-retract"] {
            let text = &made[Path::new(&format!("{name}{end}.vgo.example"))];
            assert!(
                !text.contains("{{ }}") && text.contains(&format!("name: {name}{end}\n")),
                "{text}"
            );
        }
    }
}

#[test]
fn shell_and_ansible_take_them() {
    let mut scripts = vec![recipes().join("generate")];
    scripts.extend(NAMES.iter().map(|name| recipes().join(format!("shell/{name}.sh"))));
    tool(Command::new("shellcheck").args(&scripts));
    for script in &scripts[1..] {
        tool(Command::new("sh").arg("-n").arg(script));
    }
    play(&temp_dir(), &["--syntax-check"], &[]);
}

/// Has ansible carry out the role on this host, for all that it knows; gives what it said.
fn play(home: &tempfile::TempDir, words: &[&str], variables: &[(&str, Value)]) -> String {
    let book = home.path().join("play.yml");
    write(&book, "- hosts: localhost\n  gather_facts: false\n  roles: [pinfold_mirror]\n");
    let variables: serde_json::Map<String, Value> =
        variables.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
    let mut ansible = Command::new("ansible-playbook");
    ansible.args(["-i", "localhost,", "-c", "local"]).args(words).arg(&book);
    ansible.arg("-e").arg(Value::from(variables).to_string());
    ansible.env("ANSIBLE_ROLES_PATH", recipes().join("ansible")).env("HOME", home.path());
    // The interpreter that has the distribution's modules.
    ansible.env("ANSIBLE_PYTHON_INTERPRETER", "/usr/bin/python3").env("LC_ALL", "C.UTF-8");
    String::from_utf8_lossy(&tool(&mut ansible).stdout).into_owned()
}

/// A recipe, read by a parser of YAML.
fn read(name: &str) -> Value {
    let script = "import json, sys, yaml; json.dump(yaml.safe_load(open(sys.argv[1])), sys.stdout)";
    let path = recipes().join(format!("{name}.vgo.example"));
    let read = tool(Command::new("/usr/bin/python3").args(["-c", script]).arg(path));
    serde_json::from_slice(&read.stdout).unwrap()
}

/// A host below a folder, which recipes are carried out on.
struct Host(tempfile::TempDir);

impl Host {
    fn at(&self, path: &str) -> PathBuf {
        self.0.path().join(path.trim_start_matches('/'))
    }

    /// Carries a recipe out, resource by resource; gives the variables that it had.
    fn carry_out(&self, name: &str) -> BTreeMap<String, String> {
        let recipe = read(name);
        assert_eq!(recipe["name"], name);
        let variables: BTreeMap<String, String> = recipe["vars"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(key, value)| (key.clone(), value.as_str().unwrap().to_owned()))
            .collect();
        let text = |value: &Value| {
            let mut text = value.as_str().unwrap().to_owned();
            for (key, value) in &variables {
                text = text.replace(&format!("{{{{ {key} }}}}"), value);
            }
            assert!(!text.contains("{{"), "no variable has this name: {text}");
            text
        };
        let resources = recipe["resources"].as_array().unwrap();
        let names: Vec<String> = resources.iter().map(|one| text(&one["name"])).collect();
        for (at, resource) in resources.iter().enumerate() {
            for earlier in resource["depends_on"].as_array().into_iter().flatten() {
                assert!(names[..at].contains(&text(earlier)), "{name}: {earlier} comes later");
            }
            for later in resource["notify"].as_array().into_iter().flatten() {
                assert!(names[at..].contains(&text(later)), "{name}: {later} is not there");
            }
            let path = self.at(&names[at]);
            match resource["type"].as_str().unwrap() {
                "package" => assert_eq!(names[at], "pinfold"),
                "service" => assert_eq!(
                    (names[at].as_str(), &resource["state"]),
                    ("nginx", &"running".into())
                ),
                "directory" => std::fs::create_dir_all(&path).unwrap(),
                "file" if resource["state"] == "absent" => std::fs::remove_file(&path).unwrap(),
                "file" => write(&path, text(&resource["content"])),
                "exec" => self.exec(&text(&resource["command"])),
                other => panic!("{name}: what is a {other}?"),
            }
        }
        variables
    }

    /// Runs what would be run on the host; below a folder nobody is another user.
    fn exec(&self, command: &str) {
        let words: Vec<&str> = command.split(' ').collect();
        let mut pinfold = Command::new(env!("CARGO_BIN_EXE_pinfold"));
        match words.as_slice() {
            ["runuser", "-u", "pinfold", "--", "pinfold", "init"] => {
                let text = std::fs::read_to_string(self.at("etc/pinfold/pinfold.toml")).unwrap();
                let root = self.at("srv/pinfold").display().to_string();
                let config = self.at("init/pinfold.toml");
                write(&config, text.replace("/srv/pinfold", &root));
                tool(pinfold.arg("--config").arg(&config).arg("init"));
                std::fs::remove_dir_all(self.at("init")).unwrap();
            }
            ["pinfold", words @ ..] => {
                pinfold.arg("--config").arg(self.at("etc/pinfold/pinfold.toml")).args(words);
                tool(pinfold.arg("--prefix").arg(self.0.path()));
            }
            _ => panic!("nobody runs {command}"),
        }
    }

    /// What is there beside the data, the site's configuration, and the note that nothing is set up any more.
    fn traces(&self) -> Vec<PathBuf> {
        let is_trace = |path: &PathBuf| {
            !path.starts_with("srv/pinfold")
                && !["pinfold.toml", "setup.toml"].iter().any(|name| path.ends_with(name))
        };
        files(self.0.path()).into_keys().filter(is_trace).collect()
    }
}

#[test]
fn a_recipe_sets_a_mirror_up_and_its_retraction_leaves_the_data_alone() {
    let host = Host(temp_dir());
    let mut site = String::new();
    for name in NAMES {
        let variables = host.carry_out(name);
        let mirror = host.at(&format!("etc/pinfold/mirrors.d/{}.toml", variables["mirror"]));
        assert!(mirror.is_file());
        site = files(&host.at("etc/nginx")).into_values().collect();
        assert!(
            site.contains(&variables["mount"].replace('.', "\\."))
                || site.contains(&variables["mount"]),
            "{name}: {site}"
        );
    }
    assert_eq!(site.matches("server_name").count(), 1, "one block for all: {site}");
    let cron = std::fs::read_to_string(host.at("etc/cron.d/pinfold")).unwrap();
    assert!(cron.contains(" run"), "{cron}");
    let data = files(&host.at("srv/pinfold"));
    assert!(!data.is_empty());
    for name in NAMES {
        assert!(!host.traces().is_empty());
        host.carry_out(&format!("{name}-retract"));
    }
    assert!(host.traces().is_empty(), "{:?}", host.traces());
    assert_eq!(data, files(&host.at("srv/pinfold")), "the data stay");
}

/// Has ansible carry out the role below a host's folder; gives what it said.
fn play_below(host: &Host, state: &str) -> String {
    let config = host.at("etc/pinfold/pinfold.toml");
    let command = serde_json::json!([env!("CARGO_BIN_EXE_pinfold"), "--config", config]);
    let prefix = Value::from(host.0.path().to_str().unwrap());
    let variables = [
        ("pinfold_mirror_state", state.into()),
        ("pinfold_mirror_prefix", prefix),
        ("pinfold_mirror_command", command),
    ];
    play(&temp_dir(), &[], &variables)
}

#[test]
fn the_role_and_the_shell_form_give_a_host_the_same_as_the_recipe() {
    let by = [(); 3].map(|()| Host(temp_dir()));
    let [recipe, role, shell] = &by;
    let bin = Path::new(env!("CARGO_BIN_EXE_pinfold")).parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let role_does = |state: &str| play_below(role, state);
    let shell_does = |word: &str| {
        let mut sh = Command::new("sh");
        sh.arg(recipes().join("shell/apt-mirror.sh")).arg(word);
        tool(sh.env("PATH", &path).env("PREFIX", shell.0.path()));
    };
    recipe.carry_out("apt-mirror");
    role_does("present");
    shell_does("setup");
    let toml = |host: &Host| -> toml::Value {
        let text = std::fs::read_to_string(host.at("etc/pinfold/mirrors.d/ubuntu.toml")).unwrap();
        toml::from_str(&text).unwrap()
    };
    let plain = |host: &Host| -> BTreeMap<PathBuf, String> {
        let here = host.0.path().to_str().unwrap();
        let all = files(&host.at("etc")).into_iter();
        let made = all.filter(|(path, _)| !path.starts_with("pinfold"));
        made.map(|(path, text)| (path, text.replace(here, ""))).collect()
    };
    for other in [role, shell] {
        assert_eq!(toml(recipe), toml(other));
        assert_eq!(plain(recipe), plain(other));
    }
    assert!(!plain(role).is_empty());
    // A run that failed halfway is made good by the next, and the one after it changes nothing.
    std::fs::remove_file(role.at("etc/cron.d/pinfold")).unwrap();
    let said = role_does("present");
    assert!(said.contains("changed=1 "), "{said}");
    assert_eq!(plain(recipe), plain(role));
    let said = role_does("present");
    assert!(said.contains("changed=0 "), "{said}");
    shell_does("setup");
    recipe.carry_out("apt-mirror-retract");
    role_does("absent");
    role_does("absent");
    shell_does("retract");
    for host in &by {
        assert!(host.traces().is_empty(), "{:?}", host.traces());
    }
}
