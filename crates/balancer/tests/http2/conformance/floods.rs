//! What is too much of something.

use super::*;

/// The connection ends for what came, if the client still hears why.
fn calmed(raw: &mut Raw) {
    let end = raw.until(|frame| frame.kind == GOAWAY);
    assert!(end.as_ref().is_none_or(|end| end.number(4) == ENHANCE_YOUR_CALM), "{end:?}");
    assert!(raw.until(|_| false).is_none());
}

#[test]
fn frames_that_carry_nothing() {
    let target = Target::echo();
    let site = site(&[&target], |_| {});
    let mut other = Raw::connect(at(&site), &[]);
    let floods: [(&str, Vec<u8>); 6] = [
        ("SETTINGS", frame(SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 100])),
        ("empty SETTINGS", frame(SETTINGS, 0, 0, &[])),
        ("PING", frame(PING, 0, 0, &[0; 8])),
        ("PRIORITY", frame(PRIORITY, 0, 1, &priority(0, 1))),
        ("WINDOW_UPDATE", frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1])),
        ("unknown", frame(0x16, 0, 0, &[])),
    ];
    for (index, (name, flood)) in floods.iter().enumerate() {
        let mut raw = Raw::connect(at(&site), &[]);
        raw.send(&flood.repeat(200_000));
        calmed(&mut raw);
        // Nobody else has anything of it.
        let stream = index as u32 * 2 + 1;
        other.get(stream);
        assert!(other.is_answered(stream), "{name}");
    }
}

#[test]
fn requests_that_are_given_up_one_by_one() {
    let target = Target::echo();
    let site = site(&[&target], |_| {});
    // By the client.
    let mut raw = Raw::connect(at(&site), &[]);
    for stream in 0..5000u32 {
        raw.get(stream * 2 + 1);
        raw.frame(RST_STREAM, 0, stream * 2 + 1, &[0, 0, 0, 8]);
        raw.frame(PING, 0, 0, b"until so");
        if raw.until(|frame| frame.kind == PING || frame.kind == GOAWAY).is_none_or(|frame| frame.kind == GOAWAY) {
            break;
        }
    }
    calmed(&mut raw);
    // By the server, which the client makes do it.
    let mut raw = Raw::connect(at(&site), &[]);
    let mut many = Vec::new();
    for stream in 0..3000u32 {
        many.extend(frame(HEADERS, END_HEADERS, stream * 2 + 1, &block(&request("POST"))));
        many.extend(frame(WINDOW_UPDATE, 0, stream * 2 + 1, &i32::MAX.to_be_bytes()));
    }
    raw.send(&many);
    calmed(&mut raw);
}

#[test]
fn floods_end_the_connection() {
    let target = Target::echo();
    let site = site(&[&target], |_| {});
    // Rapid reset.
    let mut raw = Raw::connect(at(&site), &[]);
    let mut many = Vec::new();
    for stream in 0..2000u32 {
        many.extend(frame(HEADERS, END_HEADERS | END_STREAM, stream * 2 + 1, &block(&request("GET"))));
        many.extend(frame(RST_STREAM, 0, stream * 2 + 1, &[0, 0, 0, 8]));
    }
    raw.send(&many);
    calmed(&mut raw);
    // A head without end.
    let mut raw = Raw::connect(at(&site), &[]);
    raw.frame(HEADERS, END_STREAM, 1, &block(&request("GET")));
    for _ in 0..20_000 {
        raw.frame(CONTINUATION, 0, 1, &[]);
    }
    calmed(&mut raw);
    // One that is large as it is sent, and one that becomes large.
    let mut raw = Raw::connect(at(&site), &[]);
    get_with(&mut raw, &[("x", &"y".repeat(8192))]);
    calmed(&mut raw);
    let mut raw = Raw::connect(at(&site), &[]);
    let mut bomb = block(&request("GET"));
    bomb.extend([0x40, 1, b'x', 0x7f, 0x80 + 0x39, 0x1e]);
    bomb.resize(bomb.len() + 4000, b'y');
    bomb.resize(bomb.len() + 4000, 0xbe);
    raw.frame(HEADERS, END_HEADERS | END_STREAM, 1, &bomb);
    let refused = raw.until(|frame| matches!(frame.kind, GOAWAY | RST_STREAM));
    assert!(refused.is_none_or(|refused| refused.stream <= 1));
    // On as many streams as there may be.
    let mut raw = Raw::connect(at(&site), &[]);
    for stream in 0..128u32 {
        raw.frame(HEADERS, END_HEADERS | END_STREAM, stream * 2 + 1, &bomb);
    }
    raw.until(|frame| matches!(frame.kind, GOAWAY | RST_STREAM));
    assert!(target.heads.lock().unwrap().iter().all(|head| head.len() < 64 << 10));
    // Empty frames.
    let mut raw = Raw::connect(at(&site), &[]);
    raw.post(1);
    for _ in 0..200_000 {
        raw.frame(DATA, 0, 1, &[]);
    }
    calmed(&mut raw);
}
