//! How connections begin and go on, and windows.

use super::*;

#[test]
fn prefaces_settings_and_pings() {
    let target = Target::echo();
    let site = site(&[&target], |_| {});
    // 3.5: settings come first, and what is no preface ends the connection.
    let mut raw = Raw::silent(at(&site));
    raw.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    raw.settings(&[]);
    let first = raw.next().unwrap();
    assert_eq!((first.kind, first.flags), (SETTINGS, 0));
    // AWS's limit of streams is told; nothing is ever pushed.
    let told: Vec<_> =
        first.payload.chunks(6).map(|one| (one[1], u32::from_be_bytes(one[2..].try_into().unwrap()))).collect();
    assert!(told.contains(&(3, 128)), "{told:?}");
    assert!(raw.until(|frame| frame.kind == SETTINGS && frame.flags == ACK).is_some());
    let mut raw = Raw::silent(at(&site));
    raw.send(b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n");
    assert!(raw.until(|_| false).is_none());
    // 6.5.3/2 each is acknowledged; 6.7 what is acknowledged is not answered.
    let mut raw = Raw::connect(at(&site), &[]);
    assert!(raw.until(|frame| frame.kind == SETTINGS && frame.flags == ACK).is_some());
    raw.settings(&[(3, 10)]);
    assert!(raw.until(|frame| frame.kind == SETTINGS && frame.flags == ACK).is_some());
    raw.frame(PING, ACK, 0, b"no reply");
    raw.frame(PING, 0, 0, b"answered");
    assert_eq!(raw.until(|frame| frame.kind == PING).unwrap().payload, b"answered");
    // 3.8: a client that goes is let go.
    raw.frame(GOAWAY, 0, 0, &[0; 8]);
    assert!(raw.until(|_| false).is_none());
}

#[test]
fn windows() {
    let target = Target::echo();
    let site = site(&[&target], |_| {});
    let data = |raw: &mut Raw| raw.until(|frame| frame.kind == DATA).unwrap().payload.len();
    // 6.9.1/1 no more than there is room for.
    let mut raw = Raw::connect(at(&site), &[(4, 1)]);
    raw.get(1);
    assert_eq!(data(&mut raw), 1);
    // 6.9.2/1 more room for what is under way, too.
    raw.settings(&[(4, 3)]);
    assert_eq!(data(&mut raw), 2);
    // 6.9.2/2 a window may be below zero.
    raw.settings(&[(4, 2)]);
    raw.frame(WINDOW_UPDATE, 0, 1, &[0, 0, 0, 2]);
    assert_eq!(data(&mut raw), 1);
    // 6.5.3/1 the last of several values counts.
    let mut raw = Raw::connect(at(&site), &[(4, 100), (4, 1)]);
    raw.get(1);
    assert_eq!(data(&mut raw), 1);
    // A client that sends more than it may.
    let mut raw = Raw::connect(at(&site), &[]);
    raw.post(1);
    let silent = Target::serving(|connection| {
        connection.head();
        std::thread::park();
    });
    let other = crate::client::site(&[&silent], |_| {});
    let mut raw = Raw::connect(at(&other), &[]);
    raw.post(1);
    for _ in 0..2000 {
        raw.frame(DATA, 0, 1, &[0; 16384]);
    }
    let end = raw.until(|frame| frame.kind == GOAWAY || frame.kind == RST_STREAM);
    assert!(end.is_none_or(|frame| frame.number(if frame.kind == GOAWAY { 4 } else { 0 }) == FLOW_CONTROL));
}
