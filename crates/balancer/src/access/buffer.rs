//! A thread's lines, by nodes, until they are handed on.

use crate::config::Node;
use spec::balancing::AccessLog;
use std::{
    cell::RefCell,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{SyncSender, TrySendError},
    },
};

/// What is handed on at once, at most.
const PIECE: usize = 64 << 10;

/// Lines of one node.
#[derive(Debug)]
pub(crate) struct Lines {
    pub node: Arc<Node>,
    pub log: Arc<AccessLog>,
    pub text: Vec<u8>,
    pub count: u64,
}

/// Where threads hand their lines on, as long as there is room.
#[derive(Debug, Clone)]
pub(crate) struct Sink {
    pub lines: SyncSender<Lines>,
    /// How many lines there was no room for.
    pub dropped: Arc<AtomicU64>,
}

/// What a thread has not handed on.
#[derive(Debug)]
pub(crate) struct Buffer {
    sink: Option<Sink>,
    held: RefCell<Vec<Lines>>,
}

impl Buffer {
    pub(crate) fn new(sink: Option<Sink>) -> Self {
        Self { sink, held: RefCell::default() }
    }

    /// Has a line written for a node.
    pub(crate) fn write(&self, node: &Arc<Node>, log: &Arc<AccessLog>, line: impl FnOnce(&mut Vec<u8>)) {
        let Some(sink) = &self.sink else { return };
        let mut held = self.held.borrow_mut();
        let place = held.iter().position(|lines| Arc::ptr_eq(&lines.node, node) && lines.log == *log);
        let place = place.unwrap_or_else(|| {
            held.push(Lines { node: Arc::clone(node), log: Arc::clone(log), text: Vec::new(), count: 0 });
            held.len() - 1
        });
        if let Some(lines) = held.get_mut(place) {
            line(&mut lines.text);
            lines.count += 1;
            if lines.text.len() >= PIECE {
                sink.take(held.swap_remove(place));
            }
        }
    }

    /// Hands everything on.
    pub(crate) fn flush(&self) {
        if let Some(sink) = &self.sink {
            self.held.borrow_mut().drain(..).for_each(|lines| sink.take(lines));
        }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.flush();
    }
}

impl Sink {
    fn take(&self, lines: Lines) {
        if let Err(TrySendError::Full(lines) | TrySendError::Disconnected(lines)) = self.lines.try_send(lines) {
            self.dropped.fetch_add(lines.count, Ordering::Relaxed);
        }
    }
}
