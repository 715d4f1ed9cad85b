//! What only a machine says that runs: on a fresh Debian with its own nginx.

use crate::harness::Fresh;

const CONFIG: &str =
    "root = \"/srv/pinfold\"\nmin-free = 0\n[site]\nurl = \"http://mirror.example.org\"\n";
const OTHER: &str = "server {\n  listen 127.0.0.1:80;\n  server_name mirror.example.org;\n}\n";

#[test]
fn an_nginx_that_is_silent_refuses_or_answers_for_another_is_told() {
    let fresh = Fresh::start();
    fresh.write("etc/pinfold/pinfold.toml", CONFIG);
    fresh.write("etc/pinfold/mirrors.d/lab.toml", "family = \"files\"\nmount = \"lab\"\n");
    fresh.ok("nginx");
    fresh.ok("pinfold setup lab");
    fresh.ok("setpriv --reuid pinfold --regid pinfold --clear-groups pinfold init");
    let is = |code: &str, text: &str| {
        let ran = fresh.sh("pinfold doctor").expect(1);
        let line = ran.out.lines().find(|line| line.starts_with(&format!("{code}: ")));
        assert!(line.is_some_and(|line| line.contains(text)), "{code}, {text}:\n{}", ran.said());
    };
    let well = fresh.sh("pinfold doctor").expect(1);
    // It is in memory, and has nothing yet; of nginx nothing is found.
    for line in well.out.lines().filter(|line| !line.starts_with(' ') && !line.is_empty()) {
        assert!(
            ["filesystem-", "mirror-empty"].iter().any(|code| line.starts_with(code)),
            "{}",
            well.out
        );
    }
    fresh.write("etc/nginx/conf.d/aaa.conf", OTHER);
    fresh.ok("nginx -s reload; sleep 1");
    is("site-shadowed", "aaa.conf");
    let said = fresh.sh("pinfold doctor").expect(1).out;
    assert!(
        said.contains("another server block than ours answers for mirror.example.org"),
        "{said}"
    );
    fresh.write("etc/nginx/conf.d/aaa.conf", "server { nonsense; }\n");
    is("nginx-refuses", "nonsense");
    fresh.ok("rm /etc/nginx/conf.d/aaa.conf; nginx -s reload; sleep 1");
    fresh.ok("sed 's/mirror.example.org//' /etc/hosts >/tmp/hosts; cat /tmp/hosts >/etc/hosts");
    is("name-unknown", "mirror.example.org has no address");
    fresh.ok("nginx -s stop; sleep 1");
    is("site-silent", "does not answer");
}
