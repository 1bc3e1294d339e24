//! What callers ask for.

use super::connection::Wait;
use super::exec::Streams;
use super::serve::Shim;
use crate::protocol::{Call, Reply, Request, VERSION};
use crate::sys;

/// Most containers of a task ("maximum containers per task definition" is 10 on Amazon ECS), with room to spare.
const MAX_CONTAINERS: usize = 64;

impl Shim {
    pub(super) fn call(&mut self, id: u64, request: Request) {
        if request.version > VERSION {
            let text = format!("this shim speaks version {VERSION}, not {}", request.version);
            return self.answer(id, &Reply::Invalid(text));
        }
        match request.call {
            Call::Start(config) if self.containers.len() >= MAX_CONTAINERS => {
                self.answer(
                    id,
                    &Reply::Invalid(format!("container {} is one more than {MAX_CONTAINERS}", config.name)),
                );
            }
            Call::Start(config) => self.start(id, *config),
            Call::Signal { name, signal } => self.signal(id, &name, signal),
            Call::Exec { name, exec } => self.exec(id, &name, &exec, Streams::Collected),
            Call::Attach { name, exec, terminal } => {
                self.exec(id, &name, &exec, terminal.map_or(Streams::Pipes, Streams::Terminal));
            }
            Call::State => {
                let report = Reply::Report(self.report());
                self.answer(id, &report);
            }
            Call::Watch => {
                let (report, told) = (Reply::Report(self.report()), self.seq);
                if let Some(connection) = self.connections.get_mut(&id) {
                    connection.wait = Wait::Changes { told };
                    connection.send(&report);
                }
            }
            Call::LogAck { name, offset } => {
                let reply = match self.containers.get_mut(&name).map(|container| container.acknowledge(offset)) {
                    Some(Ok(())) => Reply::Done,
                    Some(Err(error)) => Reply::Invalid(format!("deleting shipped output of {name}: {error}")),
                    None => Reply::NotRunning(name),
                };
                self.answer(id, &reply);
            }
        }
    }

    fn signal(&mut self, id: u64, name: &str, number: i32) {
        if number == libc::SIGKILL {
            self.hurry(name);
        }
        let process = self.containers.get(name).and_then(|container| container.process());
        let reply = match (sys::signal(number), process) {
            (None, _) => Reply::Invalid(format!("{number} is not a signal")),
            (_, None) => Reply::NotRunning(name.to_owned()),
            (Some(signal), Some(pidfd)) => match rustix::process::pidfd_send_signal(pidfd, signal) {
                Ok(()) => Reply::Done,
                Err(_) => Reply::NotRunning(name.to_owned()),
            },
        };
        self.answer(id, &reply);
    }
}
