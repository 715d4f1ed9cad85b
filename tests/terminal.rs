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
fn every_manual_page_has_examples_and_groff_has_nothing_to_say_of_it() {
    let site = Site::bare();
    let pinfold = site.command(&[]).get_program().to_owned();
    let page = |args: &[&str]| tool(Command::new(&pinfold).arg("manual").args(args)).stdout;
    let groff = |name: &str, page: &[u8]| {
        let file = site.config().with_file_name("page.1");
        crate::harness::write(&file, page);
        let said =
            tool(Command::new("groff").args(["-Kutf8", "-man", "-Tutf8", "-ww", "-z"]).arg(&file));
        assert!(said.stderr.is_empty(), "{name}: {}", String::from_utf8_lossy(&said.stderr));
    };
    let help = tool(Command::new(&pinfold).arg("--help")).stdout;
    let help = String::from_utf8(help).unwrap();
    let listed = help.split("\nSnapshots are named").next().unwrap();
    let verbs: Vec<&str> = listed
        .lines()
        .filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next())
        .collect();
    assert!(verbs.len() > 25, "{verbs:?}");
    groff("pinfold", &page(&[]));
    for verb in verbs {
        let page = page(&[verb]);
        groff(verb, &page);
        let text = String::from_utf8(page).unwrap();
        assert!(text.contains("Examples:") && text.contains(&format!("pinfold {verb}")), "{text}");
    }
}
