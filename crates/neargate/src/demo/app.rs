//! `neargate demo-app`: what the containers of the demonstration run: a small HTTP server, `web`, `api` or `whoami`; and what asks
//! one in a way that curl does not.
//!
//! `web` asks `api` for something and makes a page of it; where both are in one task, `api` is at 127.0.0.1, otherwise it has a name.
//! `whoami` says who it is and who asks. `load` is the clients of a service.

mod ask;
mod http;
pub mod load;
mod whoami;

use crate::cli::Failure;
use clap::{Args, Subcommand};
use http::Reply;
use serde_json::{Value, json};
use std::{
    fs, io,
    net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket},
    path::PathBuf,
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
    Web {
        /// Where `api` is, if it is not in the same task: a name, with port 80.
        #[arg(long)]
        api: Option<String>,
        /// Which revision of it this is.
        #[arg(long, default_value = "1")]
        revision: String,
    },
    /// Serves what the page is made of, on port 8080.
    Api {
        /// Which revision of it this is.
        #[arg(long, default_value = "1")]
        revision: String,
    },
    /// Asks a host for its page over and over, and counts what became of it.
    Load {
        /// The host.
        host: String,
        /// Where the counts go. A file beside it, `.end`, ends this.
        file: PathBuf,
    },
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
            Part::Web { api, revision } => serve(every(80), move |path, _| web(path, api.as_deref(), &revision)),
            Part::Api { revision } => serve(every(API.0), move |path, _| self::api(path, &revision)),
            Part::Load { host, file } => load::run(&host, &file),
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

fn serve(at: SocketAddr, answer: impl Fn(&str, SocketAddr) -> Reply + Send + Sync + 'static) -> Result<(), Failure> {
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

fn api(path: &str, revision: &str) -> Reply {
    if path != API.1 {
        return Reply::text(404, "there is only /my-endpoint here\n");
    }
    Reply::json(&json!({ "greeting": "Hello from api", "host": hostname(), "revision": revision }))
}

fn web(path: &str, api: Option<&str>, revision: &str) -> Reply {
    // What checks its health asks for this; that api does not answer is not its fault.
    if path == "/health" {
        return Reply::text(200, "healthy\n");
    }
    if path != "/" {
        return Reply::text(404, "there is only / here\n");
    }
    let said = match api {
        Some(name) => http::get((name, 80), name, API.1),
        None => http::get((Ipv4Addr::LOCALHOST, API.0), "localhost", API.1),
    };
    match said.and_then(|body| serde_json::from_str::<Value>(&body).map_err(|error| error.to_string())) {
        Ok(said) => Reply::html(page(&said, revision)),
        Err(why) => Reply::text(502, &format!("api does not answer: {why}\n")),
    }
}

fn page(said: &Value, revision: &str) -> String {
    let word = |member: &str| said[member].as_str().unwrap_or("?").to_owned();
    let (greeting, host, of_api) = (word("greeting"), word("host"), word("revision"));
    format!(
        "<!DOCTYPE html>\n<html>\n<head><title>myapp</title></head>\n<body>\n  <h1>{greeting}</h1>\n  <p>at {host}</p>\n  <p>web {revision}, api {of_api}</p>\n</body>\n</html>\n"
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
        let said = json!({ "greeting": "Hi", "host": "ip-10-0-0-4.ec2.internal", "revision": "2" });
        let page = page(&said, "3");
        assert!(page.contains("<h1>Hi</h1>") && page.contains("at ip-10-0-0-4.ec2.internal"), "{page}");
        assert!(page.contains("web 3, api 2"), "{page}");
    }
}
