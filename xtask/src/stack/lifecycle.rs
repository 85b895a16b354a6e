//! Start, stop and kill one server of a stack. Each works on the folder alone, so any process may do it.

use std::time::Duration;

use anyhow::{Result, anyhow, bail, ensure};

use super::Stack;
use crate::server::Server;
use crate::system::spawn::{self, Manner};
use crate::system::wait::{self, Look};
use crate::system::{http, process::Process, tail};

const STOPPED_WITHIN: Duration = Duration::from_secs(30);
const KILLED_WITHIN: Duration = Duration::from_secs(10);
const LOG_LINES_SHOWN: usize = 30;

/// Starts a server on the ports and data of its stack, and returns when it is ready. `tied` servers end when this process does.
pub(crate) fn start(stack: &Stack, server: Server, tied: bool) -> Result<()> {
    if stack.running(server) {
        return Ok(());
    }
    let recipe = server.recipe();
    let port = server.port(stack);
    ensure!(
        http::connect(port).is_err(),
        "{}: port {port} is taken by a process that is not ours",
        server.title()
    );

    let manner = Manner {
        refuses_root: recipe.refuses_root(),
        at_our_death: tied.then(|| recipe.at_our_death()),
    };
    let log = stack.log(server);
    let command = recipe.command(stack, manner)?;
    let log_start = tail::length(&log);
    let process = spawn::detached(command, &log)?;
    stack.remember(server, process)?;

    let ready = wait::until_ready(recipe.ready_within(), || {
        if !process.alive() {
            bail!("it ended by itself");
        }
        if let Some(words) = recipe
            .says_when_started()
            .filter(|words| !tail::from(&log, log_start).contains(words))
        {
            return Ok(Look::NotYet(anyhow!("it has not said {words:?} yet")));
        }
        Ok(recipe.healthy(stack).map_or_else(Look::NotYet, |()| Look::Ready))
    });
    if let Err(error) = ready.and_then(|()| recipe.once_ready(stack)) {
        process.kill_tree(KILLED_WITHIN);
        stack.forget(server);
        let end = tail::of(&log, log_start, LOG_LINES_SHOWN);
        bail!(
            "{} did not start: {error:#}; the end of {}:\n{end}",
            server.title(),
            log.display()
        );
    }
    Ok(())
}

/// An orderly end, or a kill when that takes too long.
pub(crate) fn stop(stack: &Stack, server: Server) -> Result<()> {
    let Some(process) = stack.process(server).filter(|process| process.alive()) else {
        stack.forget(server);
        return Ok(());
    };
    let children = process.descendants();
    server.recipe().ask_to_stop(process);
    let ended = wait::until(STOPPED_WITHIN, || gone(process, &children));
    if !ended {
        return kill(stack, server);
    }
    stack.forget(server);
    Ok(())
}

/// SIGKILL to the server and everything it started, as a power cut would: nothing is flushed, nothing is said.
pub(crate) fn kill(stack: &Stack, server: Server) -> Result<()> {
    let Some(process) = stack.process(server).filter(|process| process.alive()) else {
        bail!("{} is not running in {}", server.title(), stack.folder.display());
    };
    ensure!(
        process.kill_tree(KILLED_WITHIN),
        "{} is still there after SIGKILL",
        server.title()
    );
    stack.forget(server);
    Ok(())
}

fn gone(process: Process, children: &[Process]) -> bool {
    !process.alive() && children.iter().all(|child| !child.alive())
}
