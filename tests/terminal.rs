//! What a person at a terminal gets besides: colours, completions, manual pages.
use crate::harness::{Site, tool};
use std::process::Command;

const BOLD: &str = "\u{1b}[1m";

#[test]
fn heads_are_bold_on_a_terminal_and_nowhere_else_unless_asked_for() {
    let site = Site::new_fleeting();
    let tree = crate::harness::Archive::first();
    site.ingest(&tree.tree, &[]);
    let program = site.command(&["snapshots"]).get_program().to_owned();
    let line = format!("'{}' --config '{}' snapshots", program.display(), site.config().display());
    let on_terminal = |variables: &[(&str, &str)], more: &str| {
        let mut script = Command::new("script");
        script.args(["--quiet", "--return", "--command", &format!("{line}{more}"), "/dev/null"]);
        script.env_remove("NO_COLOR").env("TERM", "xterm").envs(variables.iter().copied());
        String::from_utf8(tool(&mut script).stdout).unwrap()
    };
    assert!(on_terminal(&[], "").contains(BOLD));
    assert!(on_terminal(&[], "").contains("lab@"));
    for (variables, more) in
        [(&[("NO_COLOR", "1")][..], ""), (&[], " --color never"), (&[], " --json")]
    {
        let plain = on_terminal(variables, more);
        assert!(
            !plain.contains('\u{1b}') && plain.contains("lab"),
            "{variables:?} {more}: {plain}"
        );
    }
    let piped = |args: &[&str]| {
        let mut command = site.command(args);
        String::from_utf8(tool(command.env_remove("NO_COLOR")).stdout).unwrap()
    };
    assert!(!piped(&["snapshots"]).contains('\u{1b}'));
    assert!(piped(&["snapshots", "--color", "always"]).contains(BOLD));
    let wrong = site.command(&["show", "none"]).env_remove("NO_COLOR").output().unwrap();
    assert!(!String::from_utf8(wrong.stderr).unwrap().contains('\u{1b}'));
}

#[test]
fn bash_completes_verbs_and_options() {
    let site = Site::bare();
    let pinfold = site.command(&[]).get_program().to_owned();
    let complete = |words: &str, number: usize| {
        let script = format!(
            "source <('{}' completions bash); COMP_WORDS=({words}); COMP_CWORD={number}; _pinfold pinfold \"${{COMP_WORDS[$COMP_CWORD]}}\" \"${{COMP_WORDS[$((COMP_CWORD - 1))]}}\"; echo \"${{COMPREPLY[*]}}\"",
            pinfold.display()
        );
        String::from_utf8(tool(Command::new("bash").args(["-c", &script])).stdout).unwrap()
    };
    assert_eq!(complete("pinfold roll", 1), "rollback\n");
    let options = complete("pinfold sync --allow", 2);
    assert_eq!(options.split_whitespace().collect::<Vec<_>>(), ["--allow-older", "--allow-empty"]);
    for shell in ["zsh", "fish", "elvish", "powershell"] {
        let script = tool(Command::new(&pinfold).args(["completions", shell])).stdout;
        assert!(String::from_utf8(script).unwrap().contains("rollback"), "{shell}");
    }
}

#[test]
fn manual_pages_are_sound_and_show_examples() {
    let site = Site::bare();
    let pages = site.dir().join("pages");
    std::fs::create_dir(&pages).unwrap();
    let help = String::from_utf8(tool(&mut site.command(&["--help"])).stdout).unwrap();
    let listed = help.split("\nSnapshots are named").next().unwrap();
    let verbs = listed.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    let mut drawn = Vec::new();
    for verb in [""].into_iter().chain(verbs.filter(|verb| !verb.is_empty())) {
        let args: &[&str] = if verb.is_empty() { &["manual"] } else { &["manual", verb] };
        let page = tool(&mut site.command(args)).stdout;
        let text = String::from_utf8(page.clone()).unwrap();
        assert!(verb.is_empty() || text.contains(&format!("pinfold {verb}")), "{verb}: {text}");
        drawn.push(pages.join(format!("pinfold-{verb}.1")));
        std::fs::write(drawn.last().unwrap(), page).unwrap();
    }
    assert!(drawn.len() > 25, "{drawn:?}");
    for page in drawn {
        let checked = tool(Command::new("groff").args(["-man", "-ww", "-z"]).arg(&page));
        assert_eq!(String::from_utf8(checked.stderr).unwrap(), "", "{}", page.display());
    }
}
