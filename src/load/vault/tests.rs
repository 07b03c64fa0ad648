//! The files in `tests/cases/vault` were written by ansible-vault of ansible-core 2.19.14.

use proptest::prelude::*;

use super::*;

const ONE: &str = include_str!("../../../tests/cases/vault/one.yml");
const TWO: &str = include_str!("../../../tests/cases/vault/two.yml");
const PLAIN: &str = "user: bench\npassword: \"päss {{ user }}\"\nport: 8022\n";

fn identity(id: &str, password: &str) -> Identity {
    Identity { id: id.into(), password: password.into() }
}

fn lab() -> Vault {
    Vault::new(vec![identity(DEFAULT, "correct horse"), identity("lab", "battery staple")])
}

#[test]
fn what_the_reference_wrote_is_read() {
    for text in [ONE, TWO] {
        assert!(is_encrypted(text.as_bytes()));
        assert_eq!(lab().open(text), Ok(PLAIN.as_bytes().to_vec()));
        // As a scalar of YAML has it, and as an editor on another system saves it.
        let indented: String = text.lines().flat_map(|line| ["      ", line, "\r\n"]).collect();
        assert_eq!(lab().open(&indented), Ok(PLAIN.as_bytes().to_vec()));
    }
}

#[test]
fn a_name_is_a_hint_and_no_lock() {
    let vault = Vault::new(vec![identity("renamed", "battery staple")]);
    assert_eq!(vault.open_with(TWO).map(|(_, by)| by.id.to_string()), Ok("renamed".to_owned()));
}

#[test]
fn what_cannot_be_opened_says_why() {
    let said = |vault: &Vault, text: &str| vault.open(text).unwrap_err().diagnostic().to_string();
    let none = Vault::default();
    let wrong = Vault::new(vec![identity(DEFAULT, "x"), identity("site", "y")]);
    let tampered = ONE.replacen("\n3", "\n6", 2);
    let cut = &ONE[..ONE.len() / 2];
    let told = [
        said(&none, ONE),
        said(&none, TWO),
        said(&wrong, ONE),
        said(&wrong, TWO),
        said(&lab(), &tampered),
        said(&lab(), cut),
        said(&lab(), "$ANSIBLE_VAULT;1.1;AES256\nnot digits\n"),
        said(&lab(), &ONE.replace("1.1", "1.0")),
        said(&lab(), &ONE.replace("AES256", "AES")),
    ];
    insta::assert_snapshot!(told.join("\n\n"));
}

#[test]
fn a_value_is_opened_once() {
    let vault = lab();
    let text = Arc::from(ONE);
    assert_eq!(vault.reveal(&text).unwrap().reveal(), PLAIN);
    assert_eq!(vault.opened.lock().unwrap().len(), 1);
    assert_eq!(vault.reveal(&text).unwrap().reveal(), PLAIN);
    assert!(!format!("{vault:?}").contains("päss") && !format!("{vault:?}").contains("horse"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_is_encrypted_comes_back(plain in prop::collection::vec(any::<u8>(), 0..100), named: bool) {
        let by = identity(if named { "lab" } else { DEFAULT }, "battery staple");
        let text = encrypt(&plain, &by).unwrap();
        prop_assert_eq!(text.starts_with("$ANSIBLE_VAULT;1.2;AES256;lab\n"), named);
        prop_assert!(text.lines().all(|line| line.len() <= 80));
        prop_assert_eq!(Vault::new(vec![by.clone()]).open(&text), Ok(plain.clone()));
        let again = encrypt(&plain, &by).unwrap();
        prop_assert_ne!(again, text, "a salt is used once");
    }

    #[test]
    fn no_text_is_too_strange(text in "(\\$ANSIBLE_VAULT;1\\.[012];AES256(;x)?\n)?([0-9a-f]{0,80}\n?){0,4}|\\PC{0,60}") {
        let _ = Vault::default().open(&text);
        let _ = Envelope::parse(&text);
    }
}
