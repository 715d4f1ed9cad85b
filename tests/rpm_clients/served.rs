//! `pinfold serve` serves dnf and zypper as nginx does.

use super::Followed;
use crate::harness::Distribution;
use crate::serving::beside_the_embedded_server_at;

#[test]
fn the_embedded_server_serves_both_programs_in_each_form() {
    let followed = Followed::new(Distribution::first());
    let site = &followed.site;
    let first = site.dates("lab").pop().unwrap();
    followed.distribution.package("odd+name", "1.0~rc1^2+3");
    followed.distribution.second_state();
    site.ok(&["sync", "lab"]);
    beside_the_embedded_server_at(site, site.port, |_| {
        let dated = followed.dnf(&["--date", &first]);
        assert_eq!(dated.offers("alpha").as_deref(), Some("1.0-1"));
        for form in [&[][..], &["--list"], &["--fallback", "upstream"]] {
            let (dnf, zypper) = (followed.dnf(form), followed.zypper(form));
            for (verb, version) in [("promote", "2.0-1"), ("rollback", "1.0-1")] {
                match verb {
                    "promote" => {
                        site.ok(&["promote", "lab", "--to", "production", "--allow-shrink"])
                    }
                    _ => site.ok(&["rollback", "production"]),
                };
                zypper.ok(&["clean", "--raw-metadata"]);
                assert_eq!(dnf.offers("alpha").as_deref(), Some(version), "{form:?}");
                assert_eq!(zypper.offers("alpha").as_deref(), Some(version), "{form:?}");
                if verb == "promote" {
                    dnf.ok(&["install", "alpha", "tool", "odd*"]);
                    zypper.ok(&["install", "alpha", "tool", "odd+name"]);
                    assert!(dnf.installed("odd+name").is_some());
                }
            }
        }
    });
}
