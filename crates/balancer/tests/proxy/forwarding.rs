//! Requests to targets and their answers back.

use crate::support::*;
use balancer::Engine;
use std::{
    io::Write,
    net::{Shutdown, TcpListener, TcpStream},
    num::NonZeroUsize,
    thread,
    time::Duration,
};

#[test]
fn a_request_reaches_a_target_and_its_answer_the_client() {
    let target = Target::echo();
    let site = Site::new(&[&target]);
    let answer = site.get("/a?b=c");
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.value("Connection").as_deref(), Some("close"));
    assert!(answer.value("Date").is_some());
    let head = target.head();
    assert!(head.starts_with("GET /a?b=c HTTP/1.1\r\n"), "{head}");
    assert_eq!(values(&head, "X-Forwarded-For"), ["127.0.0.1"]);
    assert_eq!(values(&head, "X-Forwarded-Proto"), ["http"]);
    assert_eq!(values(&head, "X-Forwarded-Port"), ["80"]);
    assert_eq!(values(&head, "Host"), ["a.test"]);
    assert!(values(&head, "X-Amzn-Trace-Id")[0].starts_with("Root=1-"));
    assert!(values(&head, "Connection").is_empty());
}

#[test]
fn connections_stay_on_both_sides() {
    let target = Target::echo();
    let site = Site::new(&[&target]);
    let mut client = site.client();
    for _ in 0..20 {
        let answer = client.get("/");
        assert_eq!((answer.status(), answer.value("Connection").as_deref()), (200, Some("keep-alive")));
    }
    assert_eq!(target.connections(), 1);
}

#[test]
fn targets_take_turns() {
    let targets = [Target::echo(), Target::echo(), Target::echo()];
    let site = Site::new(&targets.each_ref());
    let mut client = site.client();
    let at: Vec<_> = (0..9).map(|_| client.get("/").value("X-Target").unwrap()).collect();
    assert_eq!(at[..3], at[3..6]);
    assert_eq!(at[..3], at[6..]);
    for target in &targets {
        assert_eq!(at.iter().filter(|at| **at == target.address.to_string()).count(), 3);
    }
}

#[test]
fn bodies_of_every_framing() {
    let target = Target::echo();
    let site = Site::new(&[&target]);
    let mut client = site.client();
    let answer = client.ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
    assert!(answer.text().ends_with("\r\n\r\nhello"));
    assert_eq!(values(&target.head(), "Content-Length"), ["5"]);
    let chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: T\r\n\r\n\
                   5;x=y\r\nhello\r\n8\r\n, world!\r\n0\r\nT: 1\r\n\r\n";
    assert!(client.ask(chunked).text().ends_with("\r\n\r\nhello, world!"));
    assert_eq!(values(&target.head(), "Transfer-Encoding"), ["chunked"]);
    // Piece by piece.
    for byte in chunked.as_bytes() {
        client.send([*byte]);
    }
    assert!(client.answer(false).text().ends_with("\r\n\r\nhello, world!"));
    let large = vec![b'x'; 3_000_000];
    client.send(format!("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", large.len()));
    client.send(&large);
    let answer = client.answer(false);
    assert!(answer.body.ends_with(&large) && answer.body.len() > large.len());
    assert_eq!(client.ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").status(), 200);
    assert_eq!(values(&target.head(), "Content-Length"), ["0"]);
    assert_eq!(target.connections(), 1);
}

#[test]
fn answers_of_every_framing() {
    let target = Target::answering(|asked| {
        match asked.path() {
            "/chunked" => {
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: T\r\n\r\n3\r\nabc\r\n0\r\nT: 1\r\n\r\n"
            }
            "/head" => "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
            "/204" => "HTTP/1.1 204 No Content\r\n\r\n",
            "/304" => "HTTP/1.1 304 Not Modified\r\nContent-Length: 77\r\nETag: x\r\n\r\n",
            _ => "HTTP/1.1 500 Oh no\r\nContent-Length: 0\r\n\r\n",
        }
        .into()
    });
    let site = Site::new(&[&target]);
    let mut client = site.client();
    assert_eq!(client.get("/chunked").text(), "abc");
    let answer = client.ask("HEAD /head HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(answer.value("Content-Length").as_deref(), Some("1000"));
    assert_eq!(client.get("/204").values("Content-Length"), [""; 0]);
    assert_eq!(client.get("/304").value("ETag").as_deref(), Some("x"));
    let failed = client.get("/500");
    assert!(failed.head.starts_with("HTTP/1.1 500 Oh no\r\n"), "{}", failed.head);
    assert_eq!(target.connections(), 1);
    // HTTP/1.0 knows no chunks.
    let answer = site.client().ask("GET /chunked HTTP/1.0\r\n\r\n");
    assert_eq!((answer.text().as_str(), answer.value("Connection").as_deref()), ("abc", Some("close")));
}

#[test]
fn an_answer_that_ends_with_its_connection() {
    let target = Target::serving(|connection| {
        connection.head();
        connection.send(b"HTTP/1.1 200 OK\r\n\r\nto the end");
    });
    let site = Site::new(&[&target]);
    let mut client = site.client();
    assert_eq!(client.get("/").text(), "to the end");
    assert_eq!(client.get("/").text(), "to the end");
    assert_eq!(target.connections(), 2);
}

#[test]
fn an_answer_that_breaks_off_does_not_look_whole() {
    let target = Target::serving(|connection| match connection.head().unwrap_or_default().split(' ').nth(1) {
        Some("/chunked") => connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"),
        _ => connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"),
    });
    let site = Site::new(&[&target]);
    for path in ["/chunked", "/length"] {
        let mut client = site.client();
        client.send(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n"));
        let head = client.head().unwrap();
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        assert_eq!(client.body(&head, false), None);
    }
}

#[test]
fn pipelined_requests_are_answered_in_their_order() {
    let target = Target::echo();
    let site = Site::new(&[&target]);
    let mut client = site.client();
    client.send("POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\noneGET /2 HTTP/1.1\r\nHost: a\r\n\r\n\r\nGET /3 HTTP/1.1\r\nHost: a\r\n\r\n");
    for path in ["/1", "/2", "/3"] {
        let text = client.answer(false).text();
        assert!(text.contains(&format!(" {path} HTTP")), "{text}");
    }
}

#[test]
fn the_client_is_told_to_go_on_at_once() {
    let target = Target::echo();
    let site = Site::new(&[&target]);
    let mut client = site.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    assert_eq!(client.head().as_deref(), Some("HTTP/1.1 100 Continue\r\n\r\n"));
    client.send("hello");
    assert!(client.answer(false).text().ends_with("hello"));
    assert!(values(&target.head(), "Expect").is_empty());
}

#[test]
fn an_early_answer_arrives_though_the_client_still_sends() {
    let target = Target::serving(|connection| {
        connection.head();
        connection.send(b"HTTP/1.1 413 Too much\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
    });
    let site = Site::new(&[&target]);
    let mut client = site.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n");
    // The balancer reads on for a while, or not: the client may be told so by an error.
    let _ = client.stream.write_all(&[b'x'; 10_000]);
    let answer = client.answer(false);
    assert_eq!((answer.status(), answer.text().as_str()), (413, "no"));
    assert!(client.is_closed());
}

#[test]
fn a_target_that_answered_before_it_had_all_of_a_body_gets_no_other_request_over_that_connection() {
    let target = Target::serving(|connection| {
        fix_room(&connection.client.stream);
        while let Some(head) = connection.head() {
            if head.starts_with("POST") {
                until_full(&connection.client.stream);
            }
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            // It reads on, so what comes next is the body's until that is over.
            if connection.client.body(&head, false).is_none() {
                return;
            }
        }
    });
    // One thread, so that the next request would get a connection that was kept.
    let site = Site::with(&[&target], |site| site.engine = Engine::start(NonZeroUsize::MIN).unwrap());
    // Of some of these sizes, the kernel's buffers hold all but a part of the last piece.
    let room = room_of_a_connection();
    for size in (room - 50_000..room + 350_000).step_by(5_000) {
        let mut client = site.client();
        client.send(format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {size}\r\n\r\n"));
        client.send(vec![b'x'; size]);
        assert_eq!(client.answer(false).status(), 200);
        assert_eq!(site.get("/next").status(), 200, "after {size} bytes");
        assert!(target.head().starts_with("GET /next "), "{}", target.head());
    }
}

/// Has the kernel hold no more than usual for who reads from a connection, however it is read from.
fn fix_room(stream: &TcpStream) {
    socket2::SockRef::from(stream).set_recv_buffer_size(64 << 10).unwrap();
}

/// How much a connection takes from its sender while nobody reads from it.
fn room_of_a_connection() -> usize {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut sender = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (receiver, _) = listener.accept().unwrap();
    fix_room(&receiver);
    sender.set_nonblocking(true).unwrap();
    let mut taken = 0;
    loop {
        match sender.write(&[0; 32 << 10]) {
            Ok(count) => taken += count,
            Err(_) => {
                let before = taken;
                until_full(&receiver);
                taken += sender.write(&[0; 32 << 10]).unwrap_or_default();
                if taken == before {
                    return taken;
                }
            }
        }
    }
}

/// Waits until no more comes to a connection that nobody reads from.
fn until_full(stream: &TcpStream) {
    let (mut room, mut before) = (vec![0; 8 << 20], 0);
    loop {
        let came = stream.peek(&mut room).unwrap_or_default();
        if came == before {
            return;
        }
        before = came;
        thread::sleep(Duration::from_millis(30));
    }
}

#[test]
fn a_streamed_body_and_answer_pass_each_other() {
    let target = Target::serving(|connection| {
        connection.head();
        connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        while let Some(line) = connection.client.head_line() {
            if line == "0" {
                break;
            }
            let data = connection.client.head_line().unwrap_or_default();
            connection.send(format!("{:x}\r\n{data}\r\n", data.len()).as_bytes());
        }
        connection.send(b"0\r\n\r\n");
    });
    let site = Site::new(&[&target]);
    let mut client = site.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    assert!(client.head().unwrap().starts_with("HTTP/1.1 200"));
    for word in ["one", "three", "four"] {
        client.send(format!("{:x}\r\n{word}\r\n", word.len()));
        assert_eq!(client.head_line().unwrap(), format!("{:x}", word.len()));
        assert_eq!(client.head_line().unwrap(), word);
    }
    client.send("0\r\n\r\n");
    assert_eq!(client.head_line().as_deref(), Some("0"));
}

#[test]
fn a_body_that_breaks_off_ends_the_target_s_request_too() {
    let (sender, ended) = std::sync::mpsc::channel();
    let target = Target::serving(move |connection| {
        let asked = connection.request();
        sender.send(asked.is_none()).unwrap();
    });
    let site = Site::new(&[&target]);
    for request in [
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nno chunk\r\n",
    ] {
        let mut client = site.client();
        client.send(request);
        client.finish();
        assert!(ended.recv_timeout(PATIENCE).unwrap(), "{request}");
        assert_eq!(client.answer(false).status(), 400, "{request}");
        assert!(client.is_closed());
    }
}

#[test]
fn what_a_target_does_instead_of_answering() {
    let target = Target::serving(|connection| {
        let head = connection.head().unwrap_or_default();
        match head.split(' ').nth(1).unwrap_or_default() {
            "/garbage" => connection.send(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"),
            "/large" => connection.send(format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(40_000)).as_bytes()),
            "/half" => connection.send(b"HTTP/1.1 200 OK\r\nX: "),
            "/framing" => connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"),
            "/upgrade" => connection.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"),
            "/reset" => socket2::SockRef::from(&connection.client.stream).set_linger(Some(Duration::ZERO)).unwrap(),
            _ => {}
        }
    });
    let site = Site::new(&[&target]);
    for path in ["/garbage", "/large", "/half", "/framing", "/upgrade", "/reset", "/nothing"] {
        let mut client = site.client();
        let answer = client.get(path);
        assert_eq!(answer.status(), 502, "{path}");
        assert_eq!(answer.value("Server").as_deref(), Some("awselb/2.0"));
        // It is not the client's fault: its connection stays.
        assert_eq!(client.get(path).status(), 502, "{path}");
    }
    // Sent requests are not sent again.
    assert_eq!(target.heads.lock().unwrap().len(), 14);
}

#[test]
fn a_target_that_refuses_is_passed_over() {
    let (refusing, target) = (Target::closed(), Target::echo());
    let site = Site::new(&[&refusing, &target]);
    for _ in 0..10 {
        assert_eq!(site.get("/").status(), 200);
    }
    let alone = Site::new(&[&refusing]);
    assert_eq!(alone.get("/").status(), 502);
}

#[test]
fn a_connection_the_target_closed_is_not_used() {
    let target = Target::serving(|connection| {
        // One request a connection, without saying so.
        if connection.request().is_some() {
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        }
    });
    let site = Site::new(&[&target]);
    let mut client = site.client();
    for count in 1..=5 {
        assert_eq!(client.get("/").text(), "ok");
        assert_eq!(target.connections(), count);
        // Long enough for the end to arrive, and for the kernel to be asked.
        std::thread::sleep(Duration::from_millis(600));
    }
}

#[test]
fn a_client_that_goes_away_leaves_nothing_behind() {
    let target = Target::serving(|connection| {
        connection.head();
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n");
        while connection.client.stream.write_all(&[0; 65536]).is_ok() {}
    });
    let mut site = Site::new(&[&target]);
    let mut client = site.client();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    client.bytes(100_000);
    client.stream.shutdown(Shutdown::Both).unwrap();
    drop(client);
    site.group().targets.get_mut(&target.address()).unwrap().draining_until = Some(i64::MAX);
    site.apply();
    site.until(|status| told(status, &target).is_some_and(|told| told.active == 0));
}
