//! The whole of it on a fresh Debian with its default site, its nginx and its cron: two mirrors of two families, a client of each.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::harness::{Archive, Distribution, Dnf, Fresh, UpstreamKey, temp_dir, tool};

const CONFIG: &str =
    "root = \"/srv/pinfold\"\nmin-free = 0\n[site]\nurl = \"http://mirror.example.org\"\n";
/// Another site of the host, which has what the mirrors follow.
const UPSTREAM: &str = "server {\n  listen 80;\n  listen [::]:80;\n  server_name upstream.example.org;\n  root /srv/upstream;\n}\n";
/// The program as the user that setup made.
const AS_PINFOLD: &str = "setpriv --reuid pinfold --regid pinfold --clear-groups pinfold";
const SITE: &str = "/etc/nginx/conf.d/pinfold.conf";
/// The workers of nginx, which are others after each reload.
const WORKERS: &str = "cat /proc/$(cat /run/nginx.pid)/task/*/children";

/// A machine with an upstream of both families, two mirrors in its configuration, and nginx running.
fn machine() -> Fresh {
    let fresh = Fresh::start();
    let (archive, distribution) = (Archive::first(), Distribution::first());
    for (name, tree) in [("lab", &archive.tree), ("el", &distribution.repo.tree)] {
        copy(tree, &fresh.path(&format!("srv/upstream/{name}")));
    }
    fresh.write("etc/nginx/conf.d/upstream.conf", UPSTREAM);
    fresh.write("etc/pinfold/keys.asc", UpstreamKey::shared().public());
    fresh.write("etc/pinfold/pinfold.toml", CONFIG);
    let keys = "keyrings = [\"/etc/pinfold/keys.asc\"]\npatience = \"1s\"\n";
    fresh.write(
        "etc/pinfold/mirrors.d/lab.toml",
        format!(
            "family = \"apt\"\nmount = \"archive.example.org/lab\"\nupstream = \"http://upstream.example.org/lab\"\n\
             suites = [\"lab\"]\narchitectures = [\"amd64\"]\n{keys}"
        ),
    );
    fresh.write(
        "etc/pinfold/mirrors.d/el.toml",
        format!(
            "family = \"rpm\"\nmount = \"el\"\nupstream = \"http://upstream.example.org/el/\"\n{keys}"
        ),
    );
    fresh.ok("nginx");
    fresh
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to.parent().unwrap()).unwrap();
    tool(Command::new("cp").arg("-r").arg(from).arg(to));
}

/// Asks the machine's port 80; gives status and body.
fn get(fresh: &Fresh, url: &str, more: &[&str]) -> (String, String) {
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--write-out", "\n%{http_code}"]).args(more).arg(url);
    let ran = fresh.near(&command).expect(0);
    let (body, status) = ran.out.rsplit_once('\n').unwrap();
    (status.to_owned(), body.to_owned())
}

/// Cron's table, with every minute in the place of every fifth: a hand's edit, which setup then keeps.
fn hasten(fresh: &Fresh) {
    let table = fresh.read("etc/cron.d/pinfold");
    assert!(table.contains("\n*/5 * * * * pinfold /usr/bin/pinfold run >/dev/null\n"), "{table}");
    fresh.write("etc/cron.d/pinfold", table.replace("*/5", "*"));
    fresh.ok("cron");
}

/// Waits until both mirrors have a snapshot, which nobody but cron makes.
fn wait_for_cron(fresh: &Fresh) {
    let has = |mirror: &str| {
        let folder = fresh.path("srv/pinfold/snapshots").join(mirror);
        let names = std::fs::read_dir(folder).into_iter().flatten();
        names.flatten().any(|name| name.file_name().to_string_lossy().starts_with("20"))
    };
    for _ in 0..900 {
        if has("lab") && has("el") {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!(
        "cron brought nothing: {}",
        fresh.sh("ls -lR /srv/pinfold/snapshots /var/log/pinfold").said()
    );
}

/// Sets both up, before anything was brought in.
fn set_up(fresh: &Fresh) {
    let default = get(fresh, "http://localhost/", &[]);
    fresh.sh("mv /usr/sbin/nginx /usr/sbin/nginx.away && mv /etc/nginx/nginx.conf /etc/nginx/away");
    let ran = fresh.sh("pinfold setup lab");
    ran.expect(5).says("nginx is not installed").says("apt-get install nginx");
    fresh.ok("mv /usr/sbin/nginx.away /usr/sbin/nginx; mv /etc/nginx/away /etc/nginx/nginx.conf");
    fresh.ok("! ls /etc/pinfold/setup.toml /etc/cron.d/pinfold /etc/logrotate.d/pinfold");

    let shown = fresh.ok("pinfold setup lab --dry-run");
    for line in [
        "+++ /etc/nginx/conf.d/pinfold.conf",
        "+++ /etc/cron.d/pinfold",
        "+    server_name mirror.example.org;",
    ] {
        assert!(shown.contains(line), "{line} is not in:\n{shown}");
    }
    fresh.ok("! ls /etc/pinfold/setup.toml /etc/cron.d/pinfold");

    let said = fresh.sh("pinfold setup lab").expect(0).said();
    for line in
        ["wrote /etc/nginx", "127.0.0.1:80, [::1]:80", "sync lab --background", "user pinfold"]
    {
        assert!(said.contains(line), "{line} is not in:\n{said}");
    }
    let workers = fresh.ok(WORKERS);
    fresh.sh("pinfold setup lab").expect(0).says("nothing to do");
    assert_eq!(workers, fresh.ok(WORKERS), "nginx was not told of nothing");
    fresh.sh("pinfold setup el").expect(0).says("wrote /etc/nginx");
    // The site answers by its name, and the distribution's default site as before.
    assert_eq!(get(fresh, "http://mirror.example.org/el/repodata/repomd.xml", &[]).0, "503");
    assert_eq!(get(fresh, "http://localhost/", &[]), default);
    assert_eq!(fresh.ok("stat -c %U /srv/pinfold /var/log/pinfold"), "pinfold\npinfold\n");
    let rotation = fresh.sh("logrotate -d /etc/logrotate.conf").expect(0);
    assert!(!rotation.said().contains("error:"), "{}", rotation.said());
    let rotation =
        rotation.says("/var/log/pinfold/el.log").says("/var/log/nginx/pinfold.access.log");
    assert!(!rotation.said().contains("duplicate"), "{}", rotation.said());
    fresh.ok("grep '^.*pinfold run' /etc/cron.d/pinfold | cut -d' ' -f7- | sh -n");
}

/// A client of each, by what the program prints for it.
fn clients(fresh: &Fresh) {
    let files = fresh.ok("pinfold client lab --json");
    let files: serde_json::Value = serde_json::from_str(&files).unwrap();
    fresh.ok("rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/*");
    for file in files.as_array().unwrap() {
        fresh.write(file["path"].as_str().unwrap(), file["content"].as_str().unwrap());
    }
    let said = fresh.sh("apt-get -q update && apt-get -q -y install alpha").expect(0).said();
    assert!(!said.contains("W:"), "{said}");
    assert_eq!(fresh.ok("cat /usr/share/lab/alpha"), "alpha 1.0\n");
    let dnf = Dnf::given(&fresh.ok("pinfold client el --json"));
    fresh.near(&dnf.call(&["install", "alpha"])).expect(0);
    assert_eq!(dnf.installed("alpha").as_deref(), Some("1.0-1"));
    let said = fresh.ok("pinfold clients");
    for mirror in ["lab", "el"] {
        let line = said.lines().find(|line| line.trim_start().starts_with(mirror));
        let line = line.unwrap_or_else(|| panic!("{mirror} is not in:\n{said}"));
        assert!(line.contains("127.0.0.1") && line.contains("production"), "{line}");
    }
}

#[test]
fn two_mirrors_of_two_families_come_and_go_beside_the_default_site() {
    let fresh = machine();
    set_up(&fresh);
    fresh.ok(&format!("{AS_PINFOLD} init"));
    hasten(&fresh);
    fresh
        .sh("pinfold setup el")
        .expect(1)
        .says("kept /etc/cron.d/pinfold")
        .says("-* * * * *")
        .says("+*/5");
    wait_for_cron(&fresh);
    fresh.ok(&format!("{AS_PINFOLD} --wait 60 promote lab el --to production"));
    clients(&fresh);

    // One goes; the other does not notice.
    let site = fresh.ok("pinfold site");
    let said = fresh.sh("pinfold retract el --overwrite").expect(0).said();
    for line in
        ["the data of el stay", "1 addresses fetched el", "pinfold delete el", "wrote /etc/nginx"]
    {
        assert!(said.contains(line), "{line} is not in:\n{said}");
    }
    assert!(
        !fresh.read(SITE).contains("el.access.log")
            && !fresh.read("etc/logrotate.d/pinfold").contains("el.log")
    );
    assert_eq!(get(&fresh, "http://mirror.example.org/el/repodata/repomd.xml", &[]).0, "404");
    fresh.sh("apt-get -q update").expect(0);
    assert!(fresh.path("srv/pinfold/www/snapshots/el").is_dir());
    fresh.sh("pinfold retract el").expect(0).says("nothing to do");
    assert!(!fresh.ok(&format!("{AS_PINFOLD} run --dry-run")).contains("el:"));
    fresh.sh("pinfold delete el --yes-delete-data").expect(1).says("1 addresses fetched el");

    // And comes back as it was.
    fresh.sh("pinfold setup el").expect(0);
    assert_eq!(fresh.ok("pinfold site"), site);
    assert_eq!(fresh.read(SITE), site);
    assert_eq!(get(&fresh, "http://mirror.example.org/el/repodata/repomd.xml", &[]).0, "200");
    fresh.sh("pinfold delete el --yes-delete-data").expect(2).says("pinfold retract el first");

    // Both go, and nothing of ours is left outside the root but what says so.
    fresh.sh("pinfold retract el").expect(0);
    fresh.sh("pinfold retract lab").expect(0).says("serves nothing of ours");
    assert_eq!(
        fresh.ok("find /etc -name '*pinfold*' ! -path '/etc/pinfold*' ! -path '/etc/apt/*'"),
        ""
    );
    fresh
        .sh("pinfold delete el --yes-delete-data --even-if-used")
        .expect(0)
        .says("out of production");
    fresh.ok(&format!("{AS_PINFOLD} fsck --deep"));
    assert!(!fresh.path("srv/pinfold/www/snapshots/el").exists());
    assert!(fresh.path("srv/pinfold/www/snapshots/lab").is_dir());
}

/// Makes a certificate of the site's name and gives it to the machine; gives where it is on this host.
fn certify(fresh: &Fresh) -> tempfile::TempDir {
    let dir = temp_dir();
    let (pem, key) = (dir.path().join("site.pem"), dir.path().join("site.key"));
    let mut openssl = Command::new("openssl");
    openssl.args("req -x509 -newkey rsa:2048 -nodes -days 2".split(' '));
    openssl.args(["-subj", "/CN=mirror.example.org"]);
    openssl.args(["-addext", "subjectAltName=DNS:mirror.example.org", "-keyout"]);
    tool(openssl.arg(&key).arg("-out").arg(&pem));
    fresh.write("etc/pinfold/site.pem", std::fs::read(pem).unwrap());
    fresh.write("etc/pinfold/site.key", std::fs::read(key).unwrap());
    dir
}

#[test]
fn a_site_that_nginx_refuses_is_not_left_there_and_https_is_proved_on_both_addresses() {
    let fresh = machine();
    fresh.sh("pinfold setup lab").expect(0);
    let good = fresh.read(SITE);
    let listen = "listen = [\"443\", \"[::]:443\"]\n";
    let tls = "certificate = \"/etc/pinfold/site.pem\"\nkey = \"/etc/pinfold/site.key\"\n";
    let config = format!("{CONFIG}{listen}{tls}").replace("http:", "https:");
    fresh.write("etc/pinfold/pinfold.toml", config);
    let ran = fresh.sh("pinfold setup lab").expect(2).says("nginx does not take the site");
    assert!(ran.said().contains("site.pem"), "{}", ran.said());
    assert_eq!(fresh.read(SITE), good, "as it was");
    assert_eq!(fresh.ok("ls -A /etc/nginx/conf.d"), "pinfold.conf\nupstream.conf\n");

    let dir = certify(&fresh);
    fresh.sh("pinfold setup lab").expect(0).says("127.0.0.1:443, [::1]:443");
    let authority = dir.path().join("site.pem");
    let url = "https://mirror.example.org/archive.example.org/lab/dists/lab/InRelease";
    for (version, address) in [("-4", "127.0.0.1"), ("-6", "[::1]")] {
        let resolve = format!("mirror.example.org:443:{address}");
        let options =
            [version, "--cacert", authority.to_str().unwrap(), "--resolve", resolve.as_str()];
        let got = get(&fresh, url, &options);
        assert_eq!(got.0, "503", "{}", got.1);
    }
    fresh.sh("pinfold setup lab").expect(0).says("nothing to do");
}

#[test]
fn a_site_that_another_shadows_or_nobody_serves_is_told() {
    let fresh = machine();
    // Another block of the same name, which comes first: nginx -t has only a warning for it.
    let another = UPSTREAM.replace("upstream.example", "mirror.example");
    fresh.write("etc/nginx/conf.d/another.conf", another);
    let ran =
        fresh.sh("pinfold setup lab").expect(5).says("another server block than ours answers");
    ran.says("nginx -T").says("wrote /etc/cron.d/pinfold");
    fresh.ok("rm /etc/nginx/conf.d/another.conf");
    fresh.sh("pinfold setup lab").expect(0).says("the site answers");
    // A cache beside it, with the folder that nginx does not make; cut when the site was written and nginx knew nothing of it.
    let cache =
        "family = \"brew\"\nmount = \"brew\"\nmode = \"cache\"\nresolvers = [\"127.0.0.1\"]\n";
    fresh.write("etc/pinfold/mirrors.d/bottles.toml", cache);
    let cut =
        fresh.sh("PINFOLD_KILL_AT=host-written:1 pinfold setup bottles; test $? = 137").expect(0);
    assert!(fresh.read(SITE).contains("bottles"), "{}", cut.said());
    // nginx was not asked yet, and does not take it: there are no certificates here.
    fresh.sh("pinfold setup bottles").expect(2).says("ca-certificates.crt").says("is as it was");
    assert!(!fresh.read(SITE).contains("bottles"));
    assert_eq!(fresh.ok("ls -A /etc/nginx/conf.d"), "pinfold.conf\nupstream.conf\n");
    let certificates = std::fs::read("/etc/ssl/certs/ca-certificates.crt").unwrap();
    fresh.write("etc/ssl/certs/ca-certificates.crt", certificates);
    fresh.sh("pinfold setup bottles").expect(0).says("the site answers");
    fresh.sh("pinfold retract bottles").expect(0).says("the site answers");

    // One that listens on the loopback address alone, as a page of figures does, takes no client away.
    fresh.near(Command::new("ip").args(["address", "add", "192.0.2.7/24", "dev", "lo"])).expect(0);
    let status = "server {\n  listen 127.0.0.1:80;\n  server_name status;\n}\n";
    fresh.write("etc/nginx/conf.d/status.conf", status);
    fresh.ok("nginx -s reload; sleep 0.5");
    assert_eq!(get(&fresh, "http://mirror.example.org/at/site", &["-4"]).0, "404");
    fresh.sh("pinfold setup lab").expect(0).says("nothing to do");

    fresh.sh("nginx -s stop; sleep 0.3; pinfold setup lab").expect(1).says("nginx does not run");
    fresh.sh("nginx; pinfold setup lab").expect(0).says("nothing to do");
    fresh.ok("echo '# mine' >>/etc/nginx/conf.d/pinfold.conf");
    fresh.sh("pinfold retract lab").expect(1).says("kept /etc/nginx/conf.d/pinfold.conf");
    assert!(fresh.read(SITE).contains("# mine"));
    let ran = fresh.sh("pinfold retract lab --overwrite").expect(0);
    ran.says("removed /etc/nginx/conf.d/pinfold.conf");
}
