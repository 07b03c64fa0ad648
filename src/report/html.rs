//! One page about a run, for people: a file that works offline, with styles, script and drawings inside. What was found comes first,
//! then figures, what each host did and when, the graph, the hosts, and the logs of what failed.
//!
//! Everything on it is there without the script, which only shows values under the pointer. The page may load nothing and run nothing
//! but what it brings: its policy names the digests of both.

mod comparison;
mod course;
mod figures;
mod graph;
mod hosts;
mod logs;
mod opening;
mod writer;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use indexmap::IndexMap;
use sha2::{Digest, Sha256};

use super::compare::Comparison;
use super::course::Course;
use super::curves::Curves;
use super::summary::Summary;
use crate::base::HostName;
use writer::Html;

const TEMPLATE: &str = include_str!("html/page.html");
const STYLE: &str = include_str!("html/style.css");
const SCRIPT: &str = include_str!("html/script.js");

/// Hosts of which each gets a line of its own everywhere; of more, those that stand out do.
const FEW_HOSTS: usize = 12;

/// What a page is made of.
#[derive(Clone, Debug, Default)]
pub struct Material {
    /// What the run came to, with what monitors saw of its rounds.
    pub summary: Summary,
    /// When each host did what.
    pub course: Course,
    /// What monitors saw.
    pub curves: IndexMap<HostName, Curves>,
    /// `plan.json`
    pub plan: serde_json::Value,
    /// What is known of the machines: the name of each fact, and its value on the hosts that have it.
    pub facts: Vec<(String, IndexMap<HostName, String>)>,
    /// What else could make figures differ: commands, files, variables.
    pub origin: Vec<(String, String)>,
    /// What the steps said that failed.
    pub logs: Vec<Log>,
    /// With other runs; this one is the second of each.
    pub comparisons: Vec<Comparison>,
    /// Somebody has the run in hand now.
    pub going_on: bool,
}

/// What a step said.
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// Which of the summary's failures it is about.
    pub failure: usize,
    /// `stdout`
    pub stream: &'static str,
    /// Its end, or all of it.
    pub text: String,
    /// How many bytes before it are left out.
    pub left_out: u64,
}

/// The whole page.
pub fn page(material: &Material) -> String {
    let mut body = Html::default();
    body.append(&opening::print(material));
    body.raw("<main>");
    for (number, comparison) in material.comparisons.iter().enumerate() {
        body.append(&comparison::print(number, comparison));
    }
    body.append(&figures::print(&material.summary));
    body.append(&course::print(material));
    body.append(&graph::print(material));
    body.append(&hosts::print(material));
    body.append(&logs::print(material));
    body.raw("</main>");
    let mut title = Html::default();
    title.text(format!("{} · {}", material.summary.playbook, material.summary.started.minute()));
    let fill = |name: &str| match name {
        "style" => STYLE.to_owned(),
        "style-digest" => digest(STYLE),
        "script" => SCRIPT.to_owned(),
        "script-digest" => digest(SCRIPT),
        "version" => env!("CARGO_PKG_VERSION").to_owned(),
        "title" => title.0.clone(),
        "body" => body.0.clone(),
        _ => String::new(),
    };
    filled(fill)
}

/// As a policy of the page names what it allows: <https://www.w3.org/TR/CSP3/#grammardef-hash-source>.
fn digest(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}

/// The template with a text for each `{{name}}`. What is filled in is not looked at again.
fn filled(fill: impl Fn(&str) -> String) -> String {
    let mut parts = TEMPLATE.split("{{");
    let mut page = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once("}}").unwrap_or((part, ""));
        page += &fill(name);
        page += rest;
    }
    page
}

#[cfg(test)]
mod tests;
