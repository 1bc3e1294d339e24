//! Load for a path between two namespaces, and what came of it: run `load serve PORT` at one end and a client at the other.
//!
//! ```text
//! load stream ADDRESS SECONDS       one TCP connection that carries as much as it can, in bits a second
//! load requests ADDRESS SECONDS N   one byte there, one byte back, over and over on each of N connections, a second
//! load connects ADDRESS SECONDS N   a connection for each request, closed by the server, N at a time, a second
//! ```

use std::{
    env,
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    time::{Duration, Instant},
};

/// What a connection begins with says what is done with it.
const TAKE: u8 = b't';
const ANSWER: u8 = b'a';
const ANSWER_AND_CLOSE: u8 = b'c';
/// How many connections a server has at a time.
const MOST: usize = 32;

const USAGE: &str = "load serve PORT | load stream ADDRESS SECONDS | load requests|connects ADDRESS SECONDS N";

fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let usage = || io::Error::new(io::ErrorKind::InvalidInput, USAGE);
    let figure = match arguments[..] {
        ["serve", port] => return serve(port.parse().map_err(|_| usage())?),
        ["stream", address, seconds] => {
            stream(address.parse().map_err(|_| usage())?, time(seconds).ok_or_else(usage)?)?
        }
        [what @ ("requests" | "connects"), address, seconds, count] => {
            let client = if what == "requests" { requests } else { connects };
            let (address, count) = (address.parse().map_err(|_| usage())?, count.parse().map_err(|_| usage())?);
            at_a_time(count, client, address, time(seconds).ok_or_else(usage)?)?
        }
        _ => return Err(usage()),
    };
    println!("{figure:.0}");
    Ok(())
}

fn time(seconds: &str) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds.parse().ok()?).ok()
}

/// So many clients at a time, each with a thread of its own; what they do in a second together.
fn at_a_time(
    count: usize,
    client: fn(SocketAddr, Duration) -> io::Result<f64>,
    address: SocketAddr,
    time: Duration,
) -> io::Result<f64> {
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..count).map(|_| scope.spawn(move || client(address, time))).collect();
        let failed = |_| io::Error::other("a client panicked");
        clients.into_iter().map(|client| client.join().map_err(failed)?).sum()
    })
}

/// Each connection has a thread for itself.
fn serve(port: u16) -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, port))?;
    println!("ready");
    std::thread::scope(|scope| {
        for _ in 0..MOST {
            scope.spawn(|| {
                let mut buffer = vec![0; 256 << 10];
                for connection in listener.incoming() {
                    // A client that goes away in the middle has its own way of saying so.
                    let _ = connection.and_then(|connection| answer(connection, &mut buffer));
                }
            });
        }
    });
    Ok(())
}

fn answer(mut connection: TcpStream, buffer: &mut [u8]) -> io::Result<()> {
    loop {
        let length = connection.read(buffer)?;
        match buffer.get(..length).and_then(<[u8]>::first) {
            None => return Ok(()),
            Some(&ANSWER) => connection.write_all(b"!")?,
            Some(&ANSWER_AND_CLOSE) => return connection.write_all(b"!"),
            Some(_) => {}
        }
    }
}

fn stream(address: SocketAddr, time: Duration) -> io::Result<f64> {
    let mut connection = TcpStream::connect(address)?;
    let block = vec![TAKE; 128 << 10];
    let begun = Instant::now();
    let mut bytes = 0;
    while begun.elapsed() < time {
        connection.write_all(&block)?;
        bytes += block.len();
    }
    // All of it has arrived when the server closes too.
    connection.shutdown(std::net::Shutdown::Write)?;
    connection.read_to_end(&mut Vec::new())?;
    Ok(bytes as f64 * 8.0 / begun.elapsed().as_secs_f64())
}

fn requests(address: SocketAddr, time: Duration) -> io::Result<f64> {
    let mut connection = TcpStream::connect(address)?;
    rate(time, || {
        connection.write_all(&[ANSWER])?;
        connection.read_exact(&mut [0])
    })
}

fn connects(address: SocketAddr, time: Duration) -> io::Result<f64> {
    rate(time, || {
        let mut connection = TcpStream::connect(address)?;
        connection.write_all(&[ANSWER_AND_CLOSE])?;
        connection.read_exact(&mut [0])?;
        // The end of the connection is part of it.
        connection.read(&mut [0]).map(drop)
    })
}

/// How often something can be done in a second.
fn rate(time: Duration, mut work: impl FnMut() -> io::Result<()>) -> io::Result<f64> {
    let begun = Instant::now();
    let mut count = 0;
    while begun.elapsed() < time {
        work()?;
        count += 1;
    }
    Ok(f64::from(count) / begun.elapsed().as_secs_f64())
}
