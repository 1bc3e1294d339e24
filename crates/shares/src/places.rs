//! The connections of listeners, and room for them: so many in all, and of those so many for each client. Who comes when there is no room gets
//! it from whoever holds the most, or from itself, if that has its share: of its connections the one ends that has been quiet the longest.
//! So nobody keeps others out, whatever it holds or begins and however slowly it speaks; nor what is behind the same NAT gateway,
//! which is one client.

use crate::Client;
use std::{
    collections::{BTreeMap, HashMap},
    io,
    net::IpAddr,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinSet,
};

/// Places for connections.
#[derive(Debug)]
pub struct Places {
    all: usize,
    each: usize,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    next: u64,
    /// Every place that is held, by its number.
    places: BTreeMap<u64, Holding>,
    /// How many each client holds.
    counts: HashMap<Client, usize>,
}

/// A place that is held. Whoever holds it is told that it has lost it by the end of this.
#[derive(Debug)]
struct Holding {
    client: Client,
    heard: Arc<Heard>,
    _lost: oneshot::Sender<()>,
}

/// One place, free again when it goes out of scope.
#[derive(Debug)]
pub struct Place {
    places: Arc<Places>,
    number: u64,
    heard: Arc<Heard>,
    lost: oneshot::Receiver<()>,
}

/// When something was last sent or received: microseconds since there was a place.
#[derive(Debug)]
pub struct Heard {
    since: Instant,
    last: AtomicU64,
}

impl Places {
    /// So many places in all, and so many for each client.
    pub fn new(all: usize, each: usize) -> Arc<Self> {
        Arc::new(Self { all, each, held: Mutex::default() })
    }

    /// A place for a client, if one is free and it holds fewer than it may.
    pub fn at_once(self: &Arc<Self>, client: Client) -> Option<Place> {
        let mut held = self.held();
        let free = held.places.len() < self.all && held.count(&client) < self.each;
        free.then(|| self.give(&mut held, client))
    }

    /// A place for a client, which somebody else loses if there is no other.
    pub fn take(self: &Arc<Self>, client: Client) -> Place {
        let mut held = self.held();
        if held.count(&client) >= self.each {
            held.free_one_of(&client);
        } else if held.places.len() >= self.all {
            let most = held.counts.iter().max_by_key(|(_, count)| **count).map(|(client, _)| *client);
            most.into_iter().for_each(|most| held.free_one_of(&most));
        }
        self.give(&mut held, client)
    }

    fn give(self: &Arc<Self>, held: &mut Held, client: Client) -> Place {
        let heard = Arc::new(Heard { since: Instant::now(), last: AtomicU64::new(0) });
        let (sender, lost) = oneshot::channel();
        let number = held.next;
        held.next += 1;
        held.places.insert(number, Holding { client, heard: heard.clone(), _lost: sender });
        *held.counts.entry(client).or_default() += 1;
        Place { places: self.clone(), number, heard, lost }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn count(&self, client: &Client) -> usize {
        self.counts.get(client).copied().unwrap_or(0)
    }

    fn free_one_of(&mut self, client: &Client) {
        let its = self.places.iter().filter(|(_, place)| place.client == *client);
        let quietest = its.max_by_key(|(_, place)| place.heard.quiet()).map(|(number, _)| *number);
        quietest.into_iter().for_each(|number| self.free(number));
    }

    fn free(&mut self, number: u64) {
        let Some(Holding { client, .. }) = self.places.remove(&number) else { return };
        match self.count(&client) {
            0 | 1 => drop(self.counts.remove(&client)),
            more => drop(self.counts.insert(client, more - 1)),
        }
    }
}

impl Heard {
    /// Something was, now.
    pub fn now(&self) {
        let micros = u64::try_from(self.since.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.last.store(micros, Ordering::Relaxed);
    }

    fn quiet(&self) -> Duration {
        self.since.elapsed().saturating_sub(Duration::from_micros(self.last.load(Ordering::Relaxed)))
    }
}

impl Place {
    /// To be told when something is sent or received.
    pub fn heard(&self) -> Arc<Heard> {
        self.heard.clone()
    }

    /// Waits until it is lost to somebody else.
    pub async fn lost(&mut self) {
        // Nothing is ever sent: the other end goes.
        let _ = (&mut self.lost).await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.held().free(self.number);
    }
}

/// A connection of which it is noted when something is sent or received.
#[derive(Debug)]
pub struct Stream<S> {
    inner: S,
    heard: Arc<Heard>,
}

impl<S> Stream<S> {
    /// One whose place is told when it is heard of.
    pub fn new(inner: S, heard: Arc<Heard>) -> Self {
        Self { inner, heard }
    }

    /// The connection itself.
    pub fn inner(&self) -> &S {
        &self.inner
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Stream<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.inner).poll_read(cx, buffer);
        if read.is_ready() {
            self.heard.now();
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(cx, bytes);
        if written.is_ready() {
            self.heard.now();
        }
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(cx, pieces);
        if written.is_ready() {
            self.heard.now();
        }
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

/// How long to wait when the kernel has no descriptor or memory to give.
const PAUSE: Duration = Duration::from_millis(20);

/// Takes connections for ever, and has each served beside the others. They end with this.
pub async fn accept<F>(listener: TcpListener, serve: impl Fn(TcpStream, IpAddr) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut open = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = open.join_next(), if !open.is_empty() => continue,
        };
        match accepted {
            Ok((tcp, from)) => drop(open.spawn(serve(tcp, from.ip()))),
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

/// Takes connections of a namespace for ever, and has each served until it ends, `answer` does, or its place is lost.
pub async fn serve<F>(
    places: Arc<Places>,
    namespace: u64,
    listener: TcpListener,
    answer: impl Fn(Stream<TcpStream>, Client) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let serve = |tcp: TcpStream, address| {
        // Without it an answer in two packets waits for the client's delayed acknowledgement (40 ms).
        let _ = tcp.set_nodelay(true);
        let client = Client { namespace, address };
        let mut place = places.take(client);
        let answered = answer(Stream::new(tcp, place.heard()), client);
        async move {
            tokio::select! {
                () = answered => {}
                () = place.lost() => {}
            }
        }
    };
    accept(listener, serve).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(n: u8) -> Client {
        Client { namespace: 1, address: [10, 0, 1, n].into() }
    }

    fn is_lost(place: &mut Place) -> bool {
        place.lost.try_recv() == Err(oneshot::error::TryRecvError::Closed)
    }

    fn lost(places: &mut [Place]) -> Vec<usize> {
        places.iter_mut().enumerate().filter_map(|(n, place)| is_lost(place).then_some(n)).collect()
    }

    #[test]
    fn who_comes_gets_the_place_of_whoever_holds_the_most() {
        let places = Places::new(10, 8);
        let mut many: Vec<Place> = (0..7).map(|_| places.take(client(1))).collect();
        let mut few: Vec<Place> = (0..3).map(|_| places.take(client(2))).collect();
        assert!(places.at_once(client(3)).is_none());
        let mut mine = [places.take(client(3))];
        assert_eq!((lost(&mut many).len(), lost(&mut few).len(), lost(&mut mine).len()), (1, 0, 0));
        let more: Vec<Place> = (0..20).map(|_| places.take(client(1))).collect();
        assert_eq!((lost(&mut few).len(), lost(&mut mine).len()), (0, 0), "more of it costs nobody else anything");
        drop((many, few, mine, more));
        let held = places.held();
        assert!(held.places.is_empty() && held.counts.is_empty(), "who holds none takes no memory");
    }

    #[test]
    fn of_one_client_the_quietest_goes() {
        let places = Places::new(10, 3);
        let mut held: Vec<Place> = (0..3).map(|_| places.take(client(1))).collect();
        std::thread::sleep(Duration::from_millis(2));
        held[0].heard.now();
        held[2].heard.now();
        assert!(places.at_once(client(1)).is_none());
        held.push(places.take(client(1)));
        assert_eq!(lost(&mut held), [1]);
        held.remove(1);
        assert!(places.at_once(client(2)).is_some(), "there is room for others");
    }
}
