//! Who is asked and who asks.

use super::http::Reply;
use crate::cli::Failure;
use serde_json::{Value, json};
use std::{
    net::{SocketAddr, UdpSocket},
    thread,
};

/// Over HTTP.
pub fn page(path: &str, name: &str, client: SocketAddr) -> Reply {
    match path {
        "/" => Reply::json(&answer(name, client)),
        _ => Reply::text(404, "there is only / here\n"),
    }
}

/// Over UDP: whatever comes is answered, on a thread of its own, for ever.
pub fn serve_udp(name: String, socket: UdpSocket) -> Result<(), Failure> {
    let serve = move || {
        loop {
            if let Ok((_, client)) = socket.recv_from(&mut [0; 64]) {
                // Whether it arrives is the client's affair.
                let _ = socket.send_to(answer(&name, client).to_string().as_bytes(), client);
            }
        }
    };
    thread::Builder::new().name("udp".to_owned()).spawn(serve)?;
    Ok(())
}

fn answer(name: &str, client: SocketAddr) -> Value {
    json!({ "name": name, "client": client.ip().to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_over_udp_is_told() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let server = socket.local_addr().unwrap();
        serve_udp("me".to_owned(), socket).unwrap();
        let told = super::super::ask::udp(server).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&told).unwrap(), json!({ "name": "me", "client": "127.0.0.1" }));
    }
}
