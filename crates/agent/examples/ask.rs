//! Asks a DNS server for a name's addresses as fast as it answers, or so many times a second, and says how that went:
//! `ask SERVER:PORT NAME SECONDS [RATE]`. One thread, one socket; for `bench/dns.py`.

use std::{
    env,
    error::Error,
    io::ErrorKind,
    net::UdpSocket,
    time::{Duration, Instant},
};

/// Questions that wait for their answers at once, when no rate is given.
const WINDOW: usize = 64;
/// After so long an answer does not come any more.
const LOST: Duration = Duration::from_millis(500);

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [server, name, seconds, rate @ ..] = arguments.as_slice() else {
        return Err("usage: ask SERVER:PORT NAME SECONDS [RATE]".into());
    };
    let (seconds, rate): (f64, Option<f64>) = (seconds.parse()?, rate.first().map(|rate| rate.parse()).transpose()?);
    let socket = UdpSocket::bind("0.0.0.0:0")?;
    socket.connect(server)?;
    socket.set_nonblocking(true)?;
    let asked = ask(&socket, name, Duration::from_secs_f64(seconds), rate)?;
    let Asked { sent, mut micros, wrong, took } = asked;
    micros.sort_unstable();
    let quantile = |part: usize| micros.get(micros.len().saturating_sub(1) * part / 100).copied().unwrap_or(0);
    let (answers, took) = (micros.len(), took.as_secs_f64());
    println!(
        r#"{{"sent": {sent}, "answers": {answers}, "wrong": {wrong}, "seconds": {took}, "p50": {}, "p99": {}}}"#,
        quantile(50),
        quantile(99)
    );
    Ok(())
}

/// What came of it.
struct Asked {
    sent: usize,
    /// Microseconds to each answer.
    micros: Vec<u32>,
    /// Answers that were none.
    wrong: usize,
    took: Duration,
}

fn ask(socket: &UdpSocket, name: &str, time: Duration, rate: Option<f64>) -> Result<Asked, Box<dyn Error>> {
    let mut question = question(name);
    let mut waiting: Vec<Option<Instant>> = vec![None; 1 << 16];
    let (mut sent, mut open, mut wrong, mut micros) = (0_usize, 0_usize, 0_usize, Vec::new());
    let mut answer = [0_u8; 4096];
    let began = Instant::now();
    let mut last = began;
    loop {
        let now = Instant::now();
        if now >= began + time {
            return Ok(Asked { sent, micros, wrong, took: now - began });
        }
        // What is lost is not waited for.
        if open > 0 && now >= last + LOST {
            waiting.fill(None);
            open = 0;
        }
        let due = rate.map_or(open < WINDOW, |rate| (sent as f64) < (now - began).as_secs_f64() * rate);
        if due {
            let number = (sent & 0xffff) as u16;
            if let Some(place) = question.first_chunk_mut() {
                *place = number.to_be_bytes();
            }
            match socket.send(&question) {
                Ok(_) => {
                    sent += 1;
                    open += 1;
                    last = now;
                    if let Some(place) = waiting.get_mut(usize::from(number)) {
                        *place = Some(now);
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error.into()),
            }
        }
        loop {
            let length = match socket.recv(&mut answer) {
                Ok(length) => length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error.into()),
            };
            let Some([first, second, _, code, _, _, _, count]) = answer.get(..length).and_then(<[u8]>::first_chunk)
            else {
                wrong += 1;
                continue;
            };
            let number = u16::from_be_bytes([*first, *second]);
            if let Some(at) = waiting.get_mut(usize::from(number)).and_then(Option::take) {
                open = open.saturating_sub(1);
                micros.push(u32::try_from(at.elapsed().as_micros()).unwrap_or(u32::MAX));
                wrong += usize::from(code & 15 != 0 || *count == 0);
            }
        }
    }
}

/// A question for the addresses of a name, as a stub resolver asks it.
fn question(name: &str) -> Vec<u8> {
    let mut packet = vec![0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        packet.push(label.len() as u8);
        packet.extend(label.bytes());
    }
    packet.extend([0, 0, 1, 0, 1]);
    packet
}
