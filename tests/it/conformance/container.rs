//! A container that shares files and processes with this machine, so that the checks see the same on both sides.

use std::sync::{Arc, OnceLock};

use benchbook::connection::agents::Agents;
use benchbook::connection::container::Container;
use benchbook::connection::local::Local;
use benchbook::connection::ssh::Client;
use benchbook::connection::{
    BoxFuture, ConnectError, Connector, ContainerTarget, Endpoint, Limits, Link, Session,
};
use tokio::sync::OnceCell;

use super::subject::{Subject, agent_program};
use crate::lab::engine::Engine;

static ENGINE: OnceLock<Option<Engine>> = OnceLock::new();
/// The machine's own agent, through which the engine's socket is dialled.
static HOST: OnceCell<Arc<Session>> = OnceCell::const_new();

const NAME: &str = "conformance";

fn target(engine: &Engine) -> ContainerTarget {
    ContainerTarget { socket: engine.socket().to_str().unwrap().into(), ..ContainerTarget::new(NAME) }
}

struct Through;

impl Connector for Through {
    fn open(&self) -> BoxFuture<'_, Result<Link, ConnectError>> {
        Box::pin(async {
            let host = HOST.get_or_init(|| async {
                Arc::new(Session::open(&Local::with_program(agent_program())).await.unwrap())
            });
            let target = target(ENGINE.get().unwrap().as_ref().unwrap());
            let agents = Agents::new(Some(agent_program()), None);
            let client = Client::new(Limits::default(), agents, crate::harness::BENCHBOOK.into());
            Container::new(Arc::clone(host.await), Arc::new(target), Arc::new(client)).open().await
        })
    }

    fn name(&self) -> String {
        NAME.to_owned()
    }
}

/// One container for the whole process.
pub fn container() -> Option<Subject> {
    let engine = ENGINE
        .get_or_init(|| {
            let engine = Engine::start()?;
            engine.image("empty", &[]);
            let folders = ["bin", "lib", "lib64", "usr", "etc"].map(|name| format!("-v /{name}:/{name}:ro"));
            let shared = ["tmp", "var/tmp"].map(|name| format!("-v /{name}:/{name}"));
            let programs = agent_program();
            let programs = programs.parent().unwrap().display();
            let options = [&folders[..], &shared[..]].concat().join(" ");
            engine.docker(&format!(
                "run -d --name {NAME} --init --network none --pid host --ipc host {options} -v {programs}:{programs}:ro empty sleep 100000"
            ));
            Some(engine)
        })
        .as_ref()?;
    let endpoint = Endpoint::Container(Arc::new(Endpoint::Local), Arc::new(target(engine)));
    Some(Subject { connector: || Box::new(Through), endpoint })
}
