//! `_foreign`: a module of Ansible's, which controllers send as a program. No playbook calls it by this name.

use super::Service;
use crate::module::foreign;

pub(super) const SERVICE: Service = Service { name: foreign::NAME, run: foreign::run };
