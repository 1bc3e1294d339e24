//! What is too much of something.

use super::*;

#[test]
fn floods_end_the_connection() {
    let target = Target::echo();
    let site = site(&[&target], |_| {});
    let calmed = |raw: &mut Raw| {
        let end = raw.until(|frame| frame.kind == GOAWAY);
        assert!(end.as_ref().is_none_or(|end| end.number(4) == ENHANCE_YOUR_CALM), "{end:?}");
    };
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
    assert!(target.heads.lock().unwrap().iter().all(|head| head.len() < 64 << 10));
    // Empty frames.
    let mut raw = Raw::connect(at(&site), &[]);
    raw.post(1);
    for _ in 0..200_000 {
        raw.frame(DATA, 0, 1, &[]);
    }
    calmed(&mut raw);
}
