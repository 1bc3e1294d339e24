//! `neargate demo-app`: what the containers of the demonstration run: a small HTTP server, `web`, `api` or `whoami`; and what asks
//! one in a way that curl does not.
//!
//! `web` asks `api` for something and makes a page of it; both are in one task, so `api` is at 127.0.0.1. `whoami` says who it is and
//! who asks. They answer one request after the other, which is all a demonstration needs.

mod ask;
mod http;
mod whoami;

use crate::cli::Failure;
use clap::{Args, Subcommand};
use http::Reply;
use serde_json::{Value, json};
use std::{
    fs, io,
    net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket},
    thread,
};
use tokio::signal::unix::{SignalKind, signal};

/// Where `api` listens, and what it is asked for.
const API: (u16, &str) = (8080, "/my-endpoint");

/// What the containers of the demonstration run.
#[derive(Args)]
pub struct App {
    /// Which of them.
    #[command(subcommand)]
    part: Part,
}

#[derive(Subcommand)]
enum Part {
    /// Serves a page on port 80.
    Web,
    /// Serves what the page is made of, on port 8080.
    Api,
    /// Says who it is and who asks, over HTTP and over UDP.
    Whoami {
        /// Who it is.
        name: String,
        /// Where it is asked.
        #[arg(long, default_value = "0.0.0.0:80")]
        listen: SocketAddr,
    },
    /// Asks a `whoami` over UDP.
    Udp {
        /// Where it is.
        server: SocketAddr,
    },
    /// Sends an ICMP echo request and waits for the reply.
    Ping {
        /// To whom.
        host: Ipv4Addr,
    },
}

impl App {
    /// Serves until SIGTERM, which is what Amazon ECS sends to stop a container, or asks once.
    pub fn run(self) -> Result<(), Failure> {
        let every = |port| SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
        match self.part {
            Part::Web => serve(every(80), |path, _| web(path)),
            Part::Api => serve(every(API.0), |path, _| api(path)),
            Part::Whoami { name, listen } => {
                let socket = UdpSocket::bind(listen).map_err(|error| busy(listen, &error))?;
                whoami::serve_udp(name.clone(), socket)?;
                serve(listen, move |path, client| whoami::page(path, &name, client))
            }
            Part::Udp { server } => said(&ask::udp(server)?),
            Part::Ping { host } => said(&ask::ping(host)?),
        }
    }
}

fn busy(at: SocketAddr, error: &io::Error) -> Failure {
    Failure(format!("listening at {at}: {error}"))
}

fn said(answer: &str) -> Result<(), Failure> {
    println!("{answer}");
    Ok(())
}

fn serve(at: SocketAddr, answer: impl Fn(&str, SocketAddr) -> Reply + Send + 'static) -> Result<(), Failure> {
    crate::cli::runtime()?.block_on(async {
        // Process 1 of a container gets only the signals it asked for (pid_namespaces(7)).
        let mut terminate = signal(SignalKind::terminate())?;
        let listener = TcpListener::bind(at).map_err(|error| busy(at, &error))?;
        println!("listening at {at}");
        thread::Builder::new().name("serve".to_owned()).spawn(move || http::serve(&listener, answer))?;
        terminate.recv().await;
        println!("told to stop");
        Ok(())
    })
}

fn api(path: &str) -> Reply {
    if path != API.1 {
        return Reply::text(404, "there is only /my-endpoint here\n");
    }
    Reply::json(&json!({ "greeting": "Hello from api", "host": hostname() }))
}

fn web(path: &str) -> Reply {
    if path != "/" {
        return Reply::text(404, "there is only / here\n");
    }
    let said = http::get(SocketAddr::from((Ipv4Addr::LOCALHOST, API.0)), API.1);
    match said.and_then(|body| serde_json::from_str::<Value>(&body).map_err(|error| error.to_string())) {
        Ok(said) => Reply::html(page(&said)),
        Err(why) => Reply::text(502, &format!("api does not answer: {why}\n")),
    }
}

fn page(said: &Value) -> String {
    let word = |member: &str| said[member].as_str().unwrap_or("?").to_owned();
    let (greeting, host) = (word("greeting"), word("host"));
    format!(
        "<!DOCTYPE html>\n<html>\n<head><title>myapp</title></head>\n<body>\n  <h1>{greeting}</h1>\n  <p>at {host}</p>\n</body>\n</html>\n"
    )
}

/// The name the task's containers see, which tells one copy of the task from another.
fn hostname() -> String {
    fs::read_to_string("/etc/hostname").map(|name| name.trim().to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_made_of_what_api_says() {
        let page = page(&json!({ "greeting": "Hi", "host": "ip-10-0-0-4.ec2.internal" }));
        assert!(page.contains("<h1>Hi</h1>") && page.contains("at ip-10-0-0-4.ec2.internal"), "{page}");
    }
}
