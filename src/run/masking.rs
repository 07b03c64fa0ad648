//! What an action or a module gave back, with secrets that it repeats marked or masked.

use crate::action::Done;
use crate::base::Map;
use crate::base::spec::Catalogue;
use crate::vars::Secrets;
use crate::wire::Outcome;

/// Marks those arguments of a task that are passwords, wherever they come from, and says which they are.
pub(super) fn passwords(catalogue: &Catalogue, module: &str, args: &mut Map) -> Secrets {
    let secrets = Secrets::default();
    for name in catalogue.hidden(module) {
        if let Some(value) = args.get(name).filter(|value| !value.is_null()).cloned() {
            secrets.note_value(&value);
            args.insert(name, value.into_secret());
        }
    }
    secrets
}

/// Values keep their characters, for the playbook to use, and are marked; words for people get a mask.
pub(super) fn cover(done: &mut Done, secrets: &Secrets) {
    let Done { outcome, effects, shown, .. } = done;
    for map in [&mut outcome.values, &mut effects.facts, &mut effects.set_facts, &mut effects.include_vars] {
        secrets.mark(map);
    }
    mask(outcome, shown, secrets);
}

/// A task does not give back the passwords that it was given, in values, keys and words, as in Ansible.
pub(super) fn blot(done: &mut Done, passwords: &Secrets) {
    if passwords.is_empty() {
        return;
    }
    let Done { outcome, shown, .. } = done;
    outcome.values =
        outcome.values.iter().map(|(key, value)| (key.clone(), passwords.blotted(value))).collect();
    mask(outcome, shown, passwords);
}

fn mask(outcome: &mut Outcome, shown: &mut Option<String>, secrets: &Secrets) {
    let diffs = outcome
        .diff
        .iter_mut()
        .flat_map(|diff| [&mut diff.before, &mut diff.after].into_iter().chain(&mut diff.prepared));
    let words = outcome.msg.iter_mut().chain(shown).chain(&mut outcome.warnings).chain(diffs);
    for text in words {
        if let std::borrow::Cow::Owned(hidden) = secrets.hide(text) {
            *text = hidden;
        }
    }
}
