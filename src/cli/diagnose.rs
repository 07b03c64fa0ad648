//! `benchbook diagnose`: which hosts of a run fall out of their fleet.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args as ClapArgs;
use clap::builder::PossibleValuesParser;
use indexmap::IndexMap;

use super::project::{WhichRun, elsewhere};
use super::terminal::Terminal;
use super::{Exit, Outcome};
use crate::base::selector::{glob, selects_case_id};
use crate::base::{Diagnostic, HostName, Map, Span, SystemClock};
use crate::load::{DiskFiles, RULES, read_rules};
use crate::model::{Level, Rule, Subject, VarLayer};
use crate::report::Summary;
use crate::report::diagnose::{Broken, Fleet, Seen};
use crate::vars::{Environment, Scope, Templar, TemplateError};

/// Ranks the hosts that fall out of their fleet, figure by figure, by rules
#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    #[command(flatten)]
    run: WhichRun,
    /// A file of rules, instead of those that come with the program
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// Prints the rules that come with the program, as a beginning of your own
    #[arg(long)]
    print_rules: bool,
    /// Only hosts of this group of the inventory are the fleet
    #[arg(long, value_name = "GROUP")]
    group: Option<String>,
    /// Only this case: `stream`, `str*`, or `stream[threads=1]`
    #[arg(long, value_name = "CASE")]
    case: Option<String>,
    /// How it is printed
    #[arg(long, default_value = "table", value_parser = PossibleValuesParser::new(["table", "json"]))]
    format: String,
    /// Every broken rule, and the hosts that broke none
    #[arg(long)]
    all: bool,
    /// Ends with 1 if a host broke a rule
    #[arg(long)]
    gate: bool,
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> Outcome {
    if args.print_rules {
        terminal.data(RULES.as_bytes())?;
        return Ok(Exit::Good);
    }
    let rules = read_rules(&DiskFiles, args.rules.as_deref())?;
    let run = args.run.open()?;
    let mut summary = Summary::of(run.events()?.iter().map(|(time, event)| (*time, event)));
    if let Some(case) = &args.case {
        summary.rows.retain(|row| selects_case_id(case, row.case.as_str()));
    }
    let groups = run.provenance()?.groups;
    if let Some(group) =
        args.group.as_ref().filter(|group| !groups.values().flatten().any(|one| one == *group))
    {
        let problem =
            Diagnostic::error("unknown-group", format!("no host of this run is in a group `{group}`"));
        return Err(problem.suggest(group, groups.values().flatten().map(String::as_str)).into());
    }
    let wanted = |host: &HostName| {
        args.group.as_ref().is_none_or(|group| groups.get(host).is_some_and(|of| of.contains(group)))
    };
    let fleet = Fleet::of(&summary, wanted);
    let broken = Judge::new(&rules).all(&fleet)?;
    let diagnosis = fleet.ranked(&args.run.run, &summary, broken);
    let text = match args.format.as_str() {
        "json" => diagnosis.json(),
        _ => diagnosis.table(args.all, &elsewhere(args.run.runs.as_deref())),
    };
    terminal.data(text.as_bytes())?;
    Ok(if args.gate && diagnosis.out().next().is_some() { Exit::Failed } else { Exit::Good })
}

/// Asks rules.
struct Judge<'a> {
    rules: &'a [Rule],
    environment: Arc<Environment>,
}

impl<'a> Judge<'a> {
    fn new(rules: &'a [Rule]) -> Self {
        let environment = Arc::new(Environment::new(Arc::new(DiskFiles), Arc::new(SystemClock)));
        Self { rules, environment }
    }

    /// First about figures, then about hosts.
    fn all(&self, fleet: &Fleet) -> Result<IndexMap<HostName, Vec<Broken>>, Diagnostic> {
        let mut found: IndexMap<HostName, Vec<Broken>> = IndexMap::new();
        for seen in &fleet.figures {
            let templar = self.templar(seen.variables());
            for rule in self.about(Subject::Figure).filter(|rule| concerns(rule, seen)) {
                let broken = Self::ask(rule, &templar, Some(seen))?;
                found.entry(seen.host.clone()).or_default().extend(broken);
            }
        }
        let names = || self.about(Subject::Figure).map(|rule| &*rule.name.value);
        for (host, whole) in &fleet.hosts {
            let mine = found.entry(host.clone()).or_default();
            let templar = self.templar(whole.variables(host, names(), mine));
            for rule in self.about(Subject::Host) {
                mine.extend(Self::ask(rule, &templar, None)?);
            }
        }
        Ok(found)
    }

    fn about(&self, subject: Subject) -> impl Iterator<Item = &'a Rule> {
        self.rules.iter().filter(move |rule| rule.about == subject)
    }

    fn templar(&self, variables: Map) -> Templar {
        let (span, vars) = (Span::nowhere("what a rule sees"), Arc::new(variables));
        let layer = VarLayer { level: Level::Extra, origin: Arc::from("what a rule sees"), span, vars };
        Templar::new(Scope::new().with(layer), Arc::clone(&self.environment))
    }

    fn ask(rule: &Rule, templar: &Templar, by: Option<&Seen>) -> Result<Option<Broken>, Diagnostic> {
        let told = |mut error: TemplateError| {
            error.span.get_or_insert_with(|| rule.when.span.clone());
            Diagnostic::from(error).help("`benchbook diagnose --print-rules` says what a rule sees")
        };
        if !templar.condition(&rule.when.value).map_err(told)? {
            return Ok(None);
        }
        let say = rule.say.as_ref().map(|say| templar.render_str(&say.value)).transpose().map_err(told)?;
        Ok(Some(Broken { rule: rule.name.value.to_string(), say, by: by.cloned() }))
    }
}

/// Whether a rule is about this figure.
fn concerns(rule: &Rule, seen: &Seen) -> bool {
    let case = |wanted: &crate::base::Spanned<Arc<str>>| selects_case_id(&wanted.value, seen.case.as_str());
    let figure = |wanted: &crate::base::Spanned<Arc<str>>| glob(&wanted.value, &seen.figure);
    (rule.cases.is_empty() || rule.cases.iter().any(case))
        && (rule.figures.is_empty() || rule.figures.iter().any(figure))
}
