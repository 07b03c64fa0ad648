//! The keywords that a task has from whatever stands around it, and its own.
//!
//! One mapping says some of them; [`Inherited::add`] goes from the outermost inwards, and the nearest that says something
//! counts. They are still untemplated.

use std::sync::Arc;

use crate::base::spec::OnResume;
use crate::base::{Spanned, Value};

/// What a keyword says, if it stands there.
type Said<T> = Option<Spanned<T>>;

/// How tasks are done. `None` and empty mean: nobody says.
#[derive(Clone, Debug, Default)]
pub struct Inherited {
    /// `when`: all must hold; the outermost first, a task's own last.
    pub when: Vec<Spanned<Value>>,
    /// `environment`: mappings or templates that give one; the outermost first, later ones win.
    pub environment: Vec<Spanned<Value>>,
    /// `check_mode`
    pub check_mode: Said<Value>,
    /// `diff`
    pub diff: Said<Value>,
    /// `ignore_errors`
    pub ignore_errors: Said<Value>,
    /// `ignore_unreachable`
    pub ignore_unreachable: Said<Value>,
    /// `any_errors_fatal`
    pub any_errors_fatal: Said<Value>,
    /// `no_log`
    pub no_log: Said<Value>,
    /// `run_once`
    pub run_once: Said<Value>,
    /// `delegate_to`
    pub delegate_to: Said<Value>,
    /// `delegate_facts`
    pub delegate_facts: Said<Value>,
    /// `throttle`: at most so many hosts at a time.
    pub throttle: Said<Value>,
    /// `timeout`, seconds.
    pub timeout: Said<Value>,
    /// `grace`, seconds between TERM and KILL.
    pub grace: Said<Value>,
    /// Who it is done as.
    pub becoming: Becoming,
    /// `connection`
    pub connection: Said<Value>,
    /// `remote_user`
    pub remote_user: Said<Value>,
    /// `port`
    pub port: Said<Value>,
    /// `container`, a string: the container of the host that it is done in. It means nothing on hosts in in-container mode.
    pub container: Said<Value>,
    /// `on_resume`: what a resumed run does with a step of which nobody knows whether it finished.
    pub on_resume: Said<OnResume>,
    /// `notify` of blocks, imports and tasks: handlers that a change calls.
    pub notify: Vec<Spanned<Value>>,
    /// `module_defaults`: module or group name → arguments; the weakest first.
    pub module_defaults: Vec<Spanned<Value>>,
}

/// Another user to be.
#[derive(Clone, Debug, Default)]
pub struct Becoming {
    /// `become`
    pub r#become: Said<Value>,
    /// `become_user`
    pub user: Said<Value>,
    /// `become_method`
    pub method: Said<Value>,
    /// `become_flags`
    pub flags: Said<Value>,
    /// `become_exe`
    pub exe: Said<Value>,
    /// What counts where a template of these gives `omit`: what is said further outside.
    pub outer: Option<Arc<Becoming>>,
}

impl Inherited {
    /// Adds what a mapping further inside says.
    pub fn add(&mut self, own: &Self) {
        self.when.extend(own.when.iter().cloned());
        self.environment.extend(own.environment.iter().cloned());
        self.module_defaults.extend(own.module_defaults.iter().cloned());
        if !own.notify.is_empty() {
            self.notify.clone_from(&own.notify);
        }
        self.becoming.add(&own.becoming);
        nearest([
            (&mut self.check_mode, &own.check_mode),
            (&mut self.diff, &own.diff),
            (&mut self.ignore_errors, &own.ignore_errors),
            (&mut self.ignore_unreachable, &own.ignore_unreachable),
            (&mut self.any_errors_fatal, &own.any_errors_fatal),
            (&mut self.no_log, &own.no_log),
            (&mut self.run_once, &own.run_once),
            (&mut self.delegate_to, &own.delegate_to),
            (&mut self.delegate_facts, &own.delegate_facts),
            (&mut self.throttle, &own.throttle),
            (&mut self.timeout, &own.timeout),
            (&mut self.grace, &own.grace),
            (&mut self.connection, &own.connection),
            (&mut self.remote_user, &own.remote_user),
            (&mut self.port, &own.port),
            (&mut self.container, &own.container),
        ]);
        nearest([(&mut self.on_resume, &own.on_resume)]);
    }
}

impl Becoming {
    /// All layers that say something, the innermost first.
    pub fn layers(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |layer| layer.outer.as_deref())
    }

    fn add(&mut self, own: &Self) {
        let said = [&own.r#become, &own.user, &own.method, &own.flags, &own.exe];
        if said.into_iter().flatten().any(|said| said.value.has_template()) {
            self.outer = Some(Arc::new(self.clone()));
        }
        nearest([
            (&mut self.r#become, &own.r#become),
            (&mut self.user, &own.user),
            (&mut self.method, &own.method),
            (&mut self.flags, &own.flags),
            (&mut self.exe, &own.exe),
        ]);
    }
}

/// Takes what is said further inside.
fn nearest<T: Clone, const N: usize>(pairs: [(&mut Said<T>, &Said<T>); N]) {
    for (outer, own) in pairs {
        if own.is_some() {
            outer.clone_from(own);
        }
    }
}
