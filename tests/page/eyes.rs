//! The page in a real browser: on a desk and on a phone, by day and by night, with the keyboard, by nobody's leave.

use std::path::PathBuf;

use serde_json::Value;

use super::world::{NOW, at, empty, lived_in};
use crate::harness::{Browser, Site};

/// The widths of a desk and a phone.
const WIDTHS: [u32; 2] = [1280, 390];
const PROBE: &str = include_str!("probe.js");
/// The key that goes on, and the one that opens.
const TAB: (&str, u32) = ("Tab", 9);
const ENTER: (&str, u32) = ("Enter", 13);

fn picture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("page").join(format!("{name}.png"))
}

fn none(browser: &mut Browser, asked: &str, where_: &str) {
    let bad = browser.ask(&format!("{PROBE}probe.{asked}"));
    assert_eq!(bad, Value::Array(Vec::new()), "{asked} {where_}");
}

/// Looks at a page from all sides.
fn look_at(browser: &mut Browser, site: &Site, name: &str) {
    let url = format!("http://127.0.0.1:{}/status/", site.port);
    browser.look(WIDTHS[0], "light");
    browser.open(&url);
    none(browser, "structure()", name);
    none(browser, "inert()", name);
    for width in WIDTHS {
        for colours in ["light", "dark"] {
            browser.look(width, colours);
            let shown = format!("{name}-{width}-{colours}");
            browser.ask(
                "document.querySelectorAll('details').forEach((one) => { one.open = false; })",
            );
            browser.picture(&picture(&shown));
            none(browser, "wide()", &shown);
            browser
                .ask("document.querySelectorAll('details').forEach((one) => { one.open = true; })");
            none(browser, "wide()", &shown);
            none(browser, "contrast().bad", &shown);
            let texts = browser.ask(&format!("{PROBE}probe.contrast().count"));
            assert!(texts.as_u64().unwrap() > 20, "{shown}: {texts}");
        }
    }
    assert_eq!(browser.requests(), [url], "nothing else is asked for");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn it_can_be_read_on_a_desk_and_a_phone_by_day_and_by_night_and_by_keyboard() {
    let (site, new) = (lived_in(), empty());
    at(&site, NOW, &["run"]).expect(3);
    let (nginx, new_nginx) = (site.nginx(), new.nginx());
    let mut browser = Browser::start();
    look_at(&mut browser, &new, "new");
    look_at(&mut browser, &site, "lived-in");
    let said = browser.ask("document.querySelector('main').innerText");
    let said = said.as_str().unwrap();
    for text in [
        "<img src=x onerror=alert(1)>",
        "a & b &lt; \"c\" 'd'",
        "new\\x0aline",
        "<b onclick=alert(1)>why</b>",
    ] {
        assert!(said.contains(text), "{text} is not in:\n{said}");
    }
    type_through(&mut browser, &format!("http://127.0.0.1:{}/status/", site.port));
    drop((nginx, new_nginx));
}

/// The keyboard reaches everything in order, and it is seen where one is.
fn type_through(browser: &mut Browser, url: &str) {
    browser.look(WIDTHS[0], "light");
    browser.open(url);
    let wanted = browser.ask(&format!("{PROBE}probe.reachable()"));
    let wanted = wanted.as_array().unwrap();
    assert!(wanted.len() > 12, "{wanted:?}");
    for text in wanted {
        browser.press(TAB.0, TAB.1);
        let focused = browser.ask(&format!("{PROBE}probe.focused()"));
        assert_eq!(&focused["text"], text);
        assert_eq!(focused["seen"], true, "{focused}");
        if focused["tag"] == "SUMMARY" {
            browser.press(ENTER.0, ENTER.1);
            let is_open = browser.ask("document.activeElement.parentElement.open");
            assert_eq!(is_open, true, "{text} unfolds");
            browser.press(ENTER.0, ENTER.1);
        }
    }
}
