//! What goes over a connection with TLS or without.

use crate::support::Client;
use std::{
    io::{self, Read, Write},
    net::TcpStream,
};

trait ReadWrite: Read + Write {}
impl<T: Read + Write> ReadWrite for T {}

fn over<'a>(tls: &'a mut rustls::Connection, stream: &'a mut TcpStream) -> Box<dyn ReadWrite + 'a> {
    match tls {
        rustls::Connection::Client(tls) => Box::new(rustls::Stream::new(tls, stream)),
        rustls::Connection::Server(tls) => Box::new(rustls::Stream::new(tls, stream)),
    }
}

pub fn write(to: &mut Client, bytes: &[u8]) -> io::Result<()> {
    match &mut to.tls {
        Some(tls) => {
            let mut stream = over(tls, &mut to.stream);
            stream.write_all(bytes).and_then(|()| stream.flush())
        }
        None => to.stream.write_all(bytes),
    }
}

pub fn read(from: &mut Client, into: &mut [u8]) -> io::Result<usize> {
    match &mut from.tls {
        Some(tls) => over(tls, &mut from.stream).read(into),
        None => from.stream.read(into),
    }
}
