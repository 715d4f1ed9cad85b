//! Ways to an upstream of packages that are bought: certificates, tokens, logins; and redirectors, whose mirrors differ in age.

use crate::harness::{
    Hostile, Ran, Repo, Site, Upstream, follow_rpm, following_rpm, temp_dir, tool, walk, write,
};
use std::path::Path;
use std::process::Command;

/// Makes an authority, and certificates by it: the server's, a client's, and one that another authority made.
fn certificates(dir: &Path) {
    let openssl = |args: &str| {
        let mut call = Command::new("openssl");
        tool(call.current_dir(dir).args(args.split(' ')));
    };
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    write(dir.join("server.ext"), "subjectAltName=IP:127.0.0.1\n");
    write(dir.join("client.ext"), "extendedKeyUsage=clientAuth\n");
    write(dir.join("stranger.ext"), "extendedKeyUsage=clientAuth\n");
    for ca in ["ca", "other"] {
        openssl(&format!("req -x509 {key} -keyout {ca}.key -out {ca}.pem -subj /CN={ca} -days 9"));
    }
    for (name, ca) in [("server", "ca"), ("client", "ca"), ("stranger", "other")] {
        openssl(&format!("req {key} -keyout {name}.key -out {name}.csr -subj /CN={name}"));
        openssl(&format!(
            "x509 -req -in {name}.csr -CA {ca}.pem -CAkey {ca}.key -CAcreateserial -days 9 -extfile {name}.ext -out {name}.pem"
        ));
    }
}

#[test]
fn a_server_that_asks_for_a_certificate_gets_it() {
    let (repo, dir) = (Repo::first(), temp_dir());
    certificates(dir.path());
    let at = |name: &str| dir.path().join(name).display().to_string();
    let port = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let more = format!(
        "listen 127.0.0.1:{port} ssl; ssl_certificate {}; ssl_certificate_key {}; ssl_client_certificate {}; ssl_verify_client on;",
        at("server.pem"),
        at("server.key"),
        at("ca.pem")
    );
    let _upstream = Upstream::of(&repo.tree, &more);
    let site = Site::fleeting();
    let sync = |authority: &str, certificate: &str, key: &str| {
        let mut more = String::new();
        for (name, file) in
            [("authorities", authority), ("client-certificate", certificate), ("client-key", key)]
        {
            if !file.is_empty() {
                more += &format!("{name} = \"{}\"\n", at(file));
            }
        }
        follow_rpm(&site, "lab", &format!("https://127.0.0.1:{port}/"), &more);
        if !site.root.exists() {
            site.ok(&["init"]);
        }
        site.run(&["sync", "lab"])
    };
    sync("", "client.pem", "client.key").expect(3).says("its certificate is not believed");
    sync("ca.pem", "", "").expect(3).says("the server answers 400");
    sync("ca.pem", "stranger.pem", "stranger.key").expect(3).says("the server answers 400");
    let file = at("server.key");
    sync("ca.pem", "client.pem", "server.key")
        .expect(2)
        .says(&file)
        .says("not the key of the client's");
    sync("ca.pem", "client.pem", "client.csr").expect(2).says("no private key in PEM format");
    sync("ca.pem", "client.key", "client.key").expect(2).says("no certificate in PEM format");
    sync("ca.pem", "client.pem", "none").expect(5).says("cannot read").says(&at("none"));
    assert!(site.dates("lab").is_empty());
    tool(Command::new("chmod").args(["0640", &at("client.key")]));
    sync("ca.pem", "client.pem", "client.key").expect(2).says("set its mode to 0600");
    tool(Command::new("chmod").args(["0600", &at("client.key")]));
    sync("ca.pem", "client.pem", "client.key").expect(0).says("trust = \"signed\"");
    // Both in one file, as subscriptions come too.
    let both = [std::fs::read(at("client.pem")).unwrap(), std::fs::read(at("client.key")).unwrap()];
    write(at("both.pem"), both.concat());
    tool(Command::new("chmod").args(["0600", &at("both.pem")]));
    sync("ca.pem", "both.pem", "both.pem").expect(0).says("nothing changed");
}

/// Makes sure that nothing of a site knows a secret: no file below its root, and nothing that was said.
struct Watch<'a> {
    site: &'a Site,
    secrets: &'a [&'a str],
}

impl Watch<'_> {
    fn run(&self, args: &[&str]) -> Ran {
        let ran = self.site.run(args);
        for secret in self.secrets {
            assert!(!ran.said().contains(secret), "{args:?} says it: {}", ran.said());
        }
        for path in walk(&self.site.root).iter().filter(|path| path.is_file()) {
            let bytes = std::fs::read(path).unwrap();
            for secret in self.secrets {
                let is_in = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
                assert!(!is_in, "after {args:?} {} holds it", path.display());
            }
        }
        ran
    }
}

const TOKEN: &str = "__gda__=Geheim-4711~hmac";
const ALPHA: &str = "/Packages/alpha-1.0-1.noarch.rpm";

#[test]
fn a_token_goes_with_every_request_and_is_seen_nowhere() {
    let repo = Repo::first();
    let (first, second) = (Hostile::serve(&repo.tree), Hostile::serve(&repo.tree));
    let url = |server: &Hostile| format!("{}?{TOKEN}", server.url());
    let site = following_rpm(&url(&first), "");
    let watch = Watch { site: &site, secrets: &["Geheim-4711", "__gda__"] };
    let carried = |server: &Hostile| {
        let asked: Vec<String> = server.log().into_iter().map(|asked| asked.path).collect();
        assert!(!asked.is_empty());
        assert!(asked.iter().all(|path| path.ends_with(&format!("?{TOKEN}"))), "{asked:?}");
        server.forget();
    };
    // A redirect to another host is that host's business: what it is to carry stands in it.
    first.fault(ALPHA, &format!("redirect:{}{}", second.url(), &ALPHA[1..]));
    watch.run(&["sync", "lab", "--dry-run"]).expect(0);
    watch.run(&["sync", "lab"]).expect(0);
    carried(&first);
    assert_eq!(second.log().iter().map(|asked| &*asked.path).collect::<Vec<_>>(), [ALPHA]);
    watch.run(&["sync", "lab"]).expect(0).says("in 1 requests");
    carried(&first);
    for args in [
        &["show", "lab"][..],
        &["show", "lab", "--json"],
        &["snapshots", "--json"],
        &["verify", "lab", "--deep"],
        &["promote", "lab", "--to", "production"],
        &["client", "lab"],
        &["fsck", "--deep"],
    ] {
        watch.run(args).expect(0);
    }
    // Clients are not given it, and without it upstream would refuse them.
    watch.run(&["client", "lab", "--fallback", "upstream"]).expect(2).says("wants a token");
    site.run(&["show", "lab"]).expect(0).says(&first.url());
    // Of what fails neither.
    repo.second_state();
    for (path, fault, code) in [
        ("/Packages/fresh-0.1-1.noarch.rpm", "status:404", 3),
        ("/Packages/fresh-0.1-1.noarch.rpm", "flip", 4),
        ("/Packages/fresh-0.1-1.noarch.rpm", "close", 3),
        ("/repodata/repomd.xml", "html", 4),
        ("/repodata/repomd.xml", "status:404", 3),
        ("/repodata/repomd.xml", "status:401", 3),
        ("/repodata/repomd.xml", "garbage", 3),
        ("/repodata/repomd.xml", "loop", 3),
        ("/repodata/repomd.xml", "redirect:file:///etc/passwd", 3),
        ("/repodata/repomd.xml", "redirect:http://me:x@127.0.0.1/", 3),
        ("/repodata/repomd.xml.asc", "status:404", 4),
    ] {
        first.fault(path, fault);
        let ran = watch.run(&["sync", "lab"]);
        assert_eq!(ran.code, Some(code), "{path} {fault}: {}", ran.said());
        first.fault(path, "");
    }
    assert_eq!(site.dates("lab").len(), 1);
    drop(first);
    watch.run(&["sync", "lab"]).expect(3);
    for bad in ["ftp://127.0.0.1/?", "http://127.0.0.1/a b?", "http://127.0.0.1/#x?", "http://?"] {
        follow_rpm(&site, "lab", &format!("{bad}{TOKEN}"), "");
        watch.run(&["sync", "lab"]).expect(2).says("lab.toml, line 3");
    }
}

#[test]
fn the_token_of_a_list_is_for_the_list_and_a_login_for_its_host() {
    let repo = Repo::first();
    let (server, mirror) =
        (Hostile::serve(repo.tree.parent().unwrap()), Hostile::serve(&repo.tree));
    write(repo.tree.parent().unwrap().join("list"), mirror.url());
    let site = Site::fleeting();
    let auth = site.dir().join("auth.conf");
    write(
        &auth,
        format!("machine http://127.0.0.1:{} login me password Geheim-99\n", mirror.port()),
    );
    tool(Command::new("chmod").arg("0600").arg(&auth));
    let more =
        format!("mirrorlist = \"{}list?{TOKEN}\"\nauth = \"{}\"\n", server.url(), auth.display());
    follow_rpm(&site, "lab", "", &more);
    site.ok(&["init"]);
    let login = "bWU6R2VoZWltLTk5";
    let watch = Watch { site: &site, secrets: &["Geheim-99", "Geheim-4711", login] };
    watch.run(&["sync", "lab"]).expect(0);
    watch.run(&["sync", "lab"]).expect(0).says("nothing changed").says("in 2 requests");
    let asked = server.log();
    assert!(asked.iter().all(|asked| asked.path == format!("/list?{TOKEN}")), "{asked:?}");
    assert!(asked.iter().all(|asked| asked.header("authorization").is_none()));
    let asked = mirror.log();
    assert!(asked.iter().all(|asked| !asked.path.contains('?')), "{asked:?}");
    let is_login = |value: Option<&str>| value == Some(&format!("Basic {login}"));
    assert!(asked.len() > 5 && asked.iter().all(|asked| is_login(asked.header("authorization"))));
    mirror.fault("/repodata/repomd.xml", "status:401");
    watch.run(&["sync", "lab"]).expect(3).says("it wants a login, or another one");
}

#[test]
fn a_redirector_whose_mirrors_differ_in_age_ends_in_one_state_or_says_so() {
    let new = Repo::first();
    let old = new.copy();
    new.second_state();
    let (olds, news) = (Hostile::serve(&old.tree), Hostile::serve(&new.tree));
    // It knows the names of both.
    let known = new.copy();
    tool(Command::new("cp").args(["-an", "--"]).arg(old.at(".")).arg(&known.tree));
    let redirector = Hostile::serve(&known.tree);
    let site = following_rpm(&redirector.url(), "");
    let primary = |repo: &Repo| format!("/{}", repo.path("primary"));
    let names = |repo: &Repo| -> Vec<String> {
        let files = walk(&repo.tree).into_iter().filter(|path| path.is_file());
        files.map(|path| format!("/{}", path.strip_prefix(&repo.tree).unwrap().display())).collect()
    };
    let send = |path: &str, to: &Hostile| {
        redirector.fault(path, &format!("redirect:{}{}", to.url(), &path[1..]));
    };
    names(&new).iter().for_each(|path| send(path, &news));
    // The mirror of one file is behind: of the signature, of metadata, of a package.
    for (path, code, says) in [
        ("/repodata/repomd.xml.asc".to_owned(), 4, "not authentic"),
        (primary(&new), 3, "primary.xml"),
        ("/Packages/alpha-2.0-1.noarch.rpm".to_owned(), 3, "alpha-2.0"),
    ] {
        send(&path, &olds);
        site.run(&["sync", "lab"]).expect(code).says(says);
        assert!(site.dates("lab").is_empty(), "{path}");
        send(&path, &news);
    }
    // The first answer is of the old state, whose signature and metadata no other mirror has any more.
    let both = |path: &str| {
        let (old, new) = (olds.url(), news.url());
        let rest = &path[1..];
        redirector.fault(path, &format!("redirect:{old}{rest};first=1 then redirect:{new}{rest}"));
    };
    both("/repodata/repomd.xml");
    site.run(&["sync", "lab"]).expect(0).says("took");
    let tree = site.tree("lab", &site.dates("lab")[0]);
    let shown = std::fs::read(tree.join("repodata/repomd.xml")).unwrap();
    assert_eq!(shown, new.read("repodata/repomd.xml"));
    assert!(tree.join("Packages/alpha-2.0-1.noarch.rpm").is_file());
    assert!(!tree.join("Packages/alpha-1.0-1.noarch.rpm").exists());
    site.run(&["verify", "lab", "--deep"]).expect(0);
    // One that goes back all of a sudden is a state like any other.
    names(&old).iter().for_each(|path| send(path, &olds));
    site.run(&["sync", "lab"]).expect(0).says("took");
    site.run(&["verify", "lab", "--deep"]).expect(0);
    site.sound();
}
