//! Frames that apt takes or refuses, and what of them we refuse besides.

use super::gnupg::Gpg;
use super::table::{Case, case, table, verify};
use super::{MADE, SIGNED, TEXT, blocks, rules, sign, text};
use crate::sign::Keyring;

const BEGIN: &str = "-----BEGIN PGP SIGNATURE-----\n";
const END: &str = "-----END PGP SIGNATURE-----\n";
const HASH: &str = "Hash: SHA256\n";

/// A message that a good key signed.
struct Message {
    gpg: Gpg,
    whole: String,
}

impl Message {
    fn new() -> Self {
        let gpg = Gpg::new();
        gpg.key("good", "ed25519 sign never", MADE);
        let whole = sign(&gpg, "good", TEXT);
        Self { gpg, whole }
    }

    /// Gives it with one change.
    fn with(&self, from: &str, to: &str) -> String {
        assert!(self.whole.contains(from), "{from}");
        self.whole.replacen(from, to, 1)
    }

    /// Gives it up to a part.
    fn until(&self, part: &str) -> &str {
        &self.whole[..self.whole.find(part).unwrap()]
    }

    /// Gives the line of its checksum.
    fn checksum(&self) -> &str {
        checksum(&self.whole)
    }

    fn blocks(&self) -> &str {
        blocks(&self.whole)
    }

    fn signed(&self, text: &str) -> String {
        sign(&self.gpg, "good", text)
    }

    fn judge(&self, cases: &[Case]) {
        table(cases, &self.ring());
    }

    fn ring(&self) -> Vec<u8> {
        self.gpg.run("--export", b"")
    }
}

fn checksum(whole: &str) -> &str {
    whole.lines().find(|line| line.starts_with('=')).unwrap()
}

#[test]
fn nothing_stands_around_a_message() {
    let good = Message::new();
    let (whole, again) = (&good.whole, good.blocks());
    let keys = text(good.gpg.run("--armor --export", b""));
    let (start, after) = ("does not begin as", "something follows its signature");
    good.judge(&[
        case("good", whole.clone(), Ok(()), true),
        case("empty", "", Err(start), false),
        case("only a line end", "\n", Err(start), false),
        case("unsigned", TEXT, Err(start), false),
        case("HTML", "<html>\n<body>Pay here</body>\n", Err(start), false),
        case("text before", format!("Origin: y\n{whole}"), Err(start), false),
        case("empty line before", format!("\n{whole}"), Err(start), false),
        case("blank before", format!(" {whole}"), Err(start), false),
        case("byte order mark", format!("\u{feff}{whole}"), Err(start), false),
        case("text after", format!("{whole}Origin: y\n"), Err(after), false),
        case("text after, no line end", format!("{whole}x"), Err(after), false),
        case("empty line after", format!("{whole}\n"), Err(after), false),
        case("blank line after", format!("{whole} \n"), Err(after), false),
        case("NUL after", format!("{whole}\0"), Err(after), false),
        case("second message", whole.repeat(2), Err(after), false),
        case("text between blocks", format!("{whole}x\n{again}"), Err(after), false),
        case("empty line between", format!("{whole}\n{again}"), Err(after), false),
        case("keys after", format!("{whole}{keys}"), Err(after), false),
    ]);
}

#[test]
fn dashes_and_cuts_are_refused() {
    let good = Message::new();
    let (dash, within) = ("not escaped", "within its signature");
    let in_block = |line: &str| good.with(good.checksum(), &format!("{line}\n{}", good.checksum()));
    let header = good.with(HASH, &format!("{HASH}-X: y\n"));
    good.judge(&[
        case("dash in the text", good.with("Suite", "-Suite"), Err(dash), false),
        case("dash alone", good.with("Suite", "-\nSuite"), Err(dash), false),
        case("dash and blank alone", good.with("Suite", "- \nSuite"), Err(dash), false),
        case("dash and tab", good.with("Suite", "-\tSuite"), Err(dash), false),
        case("END in the text", good.with("Suite", &format!("{END}Suite")), Err(dash), false),
        case("dash in the headers", header, Err("a header of"), false),
        case("dash in the signature", in_block("-x"), Err(within), false),
        case("BEGIN in the signature", in_block(BEGIN.trim_end()), Err(within), false),
        case("in the first line", &good.whole[..20], Err("does not begin as"), false),
        case("in the headers", good.until(": SHA256\n\n"), Err("cut within the headers"), false),
        case("in the text", good.until("Suite"), Err("cut before"), false),
        case("before the signature", good.until(BEGIN), Err("cut before"), false),
        case("in the signature", good.until(good.checksum()), Err("cut within its sig"), false),
        case("before END", good.until(END), Err("cut within its sig"), false),
        case("in END", &good.whole[..good.whole.len() - 3], Err(within), false),
        case("no empty line", good.with("SHA256\n\n", "SHA256\n"), Err("a header of"), false),
    ]);
}

#[test]
fn forms_that_change_nothing_are_taken() {
    let good = Message::new();
    let ends = |end: &str| good.whole.replace('\n', end);
    let headers = |headers: &str| good.with(HASH, headers);
    let escaped: String = TEXT.lines().map(|line| format!("- {line}\n")).collect();
    let armor = format!("{BEGIN}Version: x\nComment: y\n");
    let mark = format!("{}\r \n", BEGIN.trim_end());
    let cases = [
        case("CRLF", ends("\r\n"), Ok(()), true),
        case("blanks at line ends", ends(" \t \n"), Ok(()), true),
        case("blanks and CRLF", ends(" \t\r\n"), Ok(()), true),
        case("CRs", ends("\r\r\r\n"), Ok(()), true),
        case("CR, blank in the text", good.with("Suite: x", "Suite: x\r "), Ok(()), true),
        case("CR, blank after a mark", good.with(BEGIN, &mark), Err("not escaped"), false),
        case("escapes", good.with(TEXT, &escaped), Ok(()), true),
        case("no last line end", good.whole.trim_end(), Ok(()), true),
        case("no Hash", headers(""), Ok(()), true),
        case("wrong Hash", headers("Hash: MD5\n"), Ok(()), true),
        case("no such Hash", headers("Hash: X\n"), Ok(()), true),
        case("double Hash", headers(&HASH.repeat(2)), Ok(()), true),
        case("odd headers", headers("Charset: x\nOrigin: y\n no colon\n"), Ok(()), true),
        case("armor headers", good.with(BEGIN, &armor), Ok(()), true),
        case("no checksum", good.with(&format!("{}\n", good.checksum()), ""), Ok(()), true),
    ];
    good.judge(&cases);
    let keyring = Keyring::parse(&good.ring(), "ring").unwrap();
    for case in cases.iter().filter(|case| case.ours.is_ok()) {
        let found = verify(&case.files, &keyring, &rules()).unwrap();
        assert_eq!(text(found.text), TEXT.trim_end(), "{}", case.name);
    }
}

#[test]
fn texts_of_every_shape_are_what_was_signed() {
    let good = Message::new();
    let call = format!("--faked-system-time {SIGNED} --armor --detach-sign");
    let of_bytes = text(good.gpg.run(&call, TEXT.trim_end().as_bytes()));
    good.judge(&[
        case("dashes", good.signed(&format!("{TEXT}-x: y\n")), Ok(()), true),
        case("From", good.signed(&format!("From : x\n{TEXT}From: x\n")), Ok(()), true),
        case("blanks", good.signed(&TEXT.replace("SHA256:", "SHA256: \t")), Ok(()), true),
        case("CRLF", good.signed(&TEXT.replace('\n', "\r\n")), Ok(()), true),
        case("no last line end", good.signed(TEXT.trim_end()), Ok(()), true),
        case("empty lines", good.signed(&format!("{TEXT}\n\n")), Ok(()), true),
        case("CR", good.signed(&format!("X: a\rb\n{TEXT}")), Ok(()), true),
        case("form feed", good.signed(&format!("X: a\u{b}\u{c}\n{TEXT}")), Ok(()), true),
        case("signature of bytes", good.with(good.blocks(), &of_bytes), Ok(()), true),
        case("more form feed", good.with("Suite: x", "Suite: x\u{c}"), Err("is BAD"), false),
        case("more line", good.with("Suite", "\nSuite"), Err("is BAD"), false),
        case("more NUL", good.with("Suite: x", "Suite: \0x"), Err("is BAD"), false),
        // gpg does not hash NUL at a line's end, and apt reads it.
        case("more NUL at an end", good.with("Suite: x", "Suite: x\0"), Err("is BAD"), true),
    ]);
}

#[test]
fn blocks_that_cannot_be_read_count_for_nothing() {
    let good = Message::new();
    let join = |second: &str| format!("{}{}", good.whole, blocks(second));
    let block = |base64: &str| format!("{BEGIN}\n{base64}{END}");
    let alone = |block: &str| good.with(good.blocks(), block);
    let other = good.signed("other\n");
    let torn = other.replacen(checksum(&other), "=AAAA", 1);
    let wrong = good.with(good.checksum(), "=AAAA");
    let keys = text(good.gpg.run("--armor --export", b""));
    let many = |count: usize| format!("{}{}", good.whole, good.blocks().repeat(count - 1));
    good.judge(&[
        case("wrong checksum", wrong.clone(), Err("its checksum"), false),
        case("good, wrong checksum", join(&wrong), Ok(()), true),
        case("good, BAD of wrong checksum", join(&torn), Ok(()), true),
        case("empty block", alone(&block("")), Err("no signature"), false),
        case("good, empty block", join(&block("")), Ok(()), true),
        case("no base64", alone(&block("!!!!\n")), Err("cannot be read"), false),
        case("good, no base64", join(&block("!!!!\n")), Ok(()), true),
        case("good, a key", join(&keys.replace("PUBLIC KEY BLOCK", "SIGNATURE")), Ok(()), true),
        case("16 signatures", many(16), Ok(()), true),
        case("17 signatures", many(17), Err("more than 16"), true),
    ]);
}
