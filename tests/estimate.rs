//! `estimate`: what an archive takes, by its parts, from its metadata alone; beside another program's sum over the same lists.
use crate::harness::{Odd, Repo, Upstream, following, head, tool};
use std::process::Command;

/// The distribution's own list of a suite, as apt keeps it on this machine.
fn list_of(suite: &str) -> Vec<u8> {
    let end = format!("_dists_{suite}_main_binary-amd64_Packages");
    let lists = std::fs::read_dir("/var/lib/apt/lists").unwrap().map(|entry| entry.unwrap().path());
    let list = lists
        .into_iter()
        .find(|path| path.file_name().unwrap().to_string_lossy().contains(&end))
        .unwrap_or_else(|| panic!("apt has no list of {suite}: apt-get update"));
    tool(Command::new("/usr/lib/apt/apt-helper").arg("cat-file").arg(list)).stdout
}

/// What awk makes of lists: files, and bytes.
fn by_awk(odd: &Odd, lists: &[&str]) -> (u64, u64) {
    let program = "/^Filename:/ { name = $2 } /^Size:/ { size = $2 }
        /^$/ { if (name != \"\" && !(name in seen)) { seen[name] = 1; files++; bytes += size } name = \"\" }
        END { printf \"%d %.0f\", files, bytes }";
    let lists = lists.iter().map(|list| odd.tree.join("dists/lab").join(list));
    let said = tool(Command::new("awk").arg(program).args(lists)).stdout;
    let said = String::from_utf8(said).unwrap();
    let (files, bytes) = said.split_once(' ').unwrap();
    (files.parse().unwrap(), bytes.parse().unwrap())
}

const MAIN: &str = "main/binary-amd64/Packages";
const EXTRA: &str = "extra/binary-amd64/Packages";
const FOREIGN: &str = "extra/binary-i386/Packages";

#[test]
fn the_distribution_is_as_large_as_another_program_finds_and_each_part_has_its_own_sum() {
    let odd = Odd::new();
    let (main, security) = (list_of("bookworm"), list_of("bookworm-security"));
    for (path, bytes) in [(MAIN, &main), (EXTRA, &security), (FOREIGN, &security)] {
        odd.file(&format!("dists/lab/{path}"), bytes);
    }
    let text = head("lab", 23)
        .replace("Architectures: amd64", "Architectures: amd64 i386")
        .replace("Components: main", "Components: main extra");
    odd.sign("dists/lab", &(text + &odd.list("SHA256", "dists/lab", &[MAIN, EXTRA, FOREIGN])));
    let upstream = Upstream::of(&odd.tree, "");
    let site = following(&upstream.url(), "architectures = [\"amd64\", \"i386\"]\n");
    let (all, ours, shared) =
        (by_awk(&odd, &[MAIN, EXTRA, FOREIGN]), by_awk(&odd, &[MAIN]), by_awk(&odd, &[EXTRA]));
    assert!(all.0 > 50_000 && all.1 > 40 << 30, "a whole release: {all:?}");

    let text = site.run(&["estimate", "lab"]).expect(1).says("it does not fit above the reserve");
    assert!(text.out.contains("SUITE  COMPONENT  ARCHITECTURE"), "{}", text.out);
    assert!(
        !upstream.asked().iter().any(|asked| asked.contains("/pool/")),
        "no package is asked for"
    );

    let told = site.run(&["estimate", "lab", "--json"]).expect(1);
    let told: serde_json::Value = serde_json::from_str(&told.out).unwrap();
    let part = |component: &str, architecture: &str| {
        let parts = told["parts"].as_array().unwrap();
        let found = parts
            .iter()
            .find(|part| part["component"] == component && part["architecture"] == architecture);
        let found = found.unwrap_or_else(|| panic!("{component} {architecture}: {told}"));
        assert_eq!(found["suite"], "lab");
        let number = |key: &str| found[key].as_u64().unwrap();
        (number("files"), number("bytes"), number("alone_bytes"))
    };
    assert_eq!(part("main", "amd64"), (ours.0, ours.1, ours.1));
    assert_eq!(part("extra", "amd64"), (shared.0, shared.1, 0), "i386 names the same");
    assert_eq!(part("extra", "i386"), (shared.0, shared.1, 0));
    // The archive is that, with its three lists, each under two names, and InRelease.
    let lists = (main.len() + 2 * security.len()) as u64;
    let metadata = told["bytes"].as_u64().unwrap() - all.1;
    assert!((lists..=2 * lists + 100_000).contains(&metadata), "{metadata} beside {lists}");
    // What has two names is fetched once.
    let fetched = told["fetch_bytes"].as_u64().unwrap();
    assert!((all.1 / 10 * 9..=all.1).contains(&fetched), "{fetched} of {all:?}");
    assert!(told["disk_inodes"].as_u64().unwrap() > all.0);
    assert_eq!(told["fits"], false);
    assert!(site.dates("lab").is_empty(), "nothing was taken");
}

#[test]
fn a_repository_of_rpm_is_told_by_architecture_and_a_second_time_what_is_there_is_not_to_be_fetched()
 {
    let repo = Repo::first();
    let upstream = Upstream::of(&repo.tree, "");
    let site = crate::harness::Site::fleeting();
    site.mirror(
        "lab",
        &format!(
            "family = \"rpm\"\nmount = \"lab\"\nupstream = \"{}\"\nunsigned = true\n",
            upstream.url()
        ),
    );
    site.ok(&["init"]);
    let told = site.ok(&["estimate", "lab"]);
    assert!(told.contains("ARCHITECTURE") && told.contains("metadata"), "{told}");
    assert!(told.contains("noarch") && told.contains("it fits"), "{told}");
    site.ok(&["sync", "lab"]);
    let told = site.ok(&["estimate", "lab"]);
    assert!(told.contains("to fetch: 0 files, 0 B"), "{told}");
}
