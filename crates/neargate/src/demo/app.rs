//! `neargate demo-app`: what the containers of the demonstration run: a small HTTP server, `web` or `api`.
//!
//! `web` asks `api` for something and makes a page of it; both are in one task, so `api` is at 127.0.0.1. It answers one request
//! after the other, which is all a demonstration needs.

mod http;

use crate::cli::Failure;
use clap::{Args, ValueEnum};
use http::Reply;
use serde_json::{Value, json};
use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    thread,
};
use tokio::signal::unix::{SignalKind, signal};

/// Where `api` listens, and what it is asked for.
const API: (u16, &str) = (8080, "/my-endpoint");

/// What the containers of the demonstration run.
#[derive(Args)]
pub struct App {
    /// Which of them.
    part: Part,
}

#[derive(Clone, Copy, ValueEnum)]
enum Part {
    /// Serves a page on port 80.
    Web,
    /// Serves what the page is made of, on port 8080.
    Api,
}

impl App {
    /// Serves until SIGTERM, which is what Amazon ECS sends to stop a container.
    pub fn run(self) -> Result<(), Failure> {
        let (port, answer): (u16, fn(&str) -> Reply) = match self.part {
            Part::Web => (80, web),
            Part::Api => (API.0, api),
        };
        crate::cli::runtime()?.block_on(async {
            // Process 1 of a container gets only the signals it asked for (pid_namespaces(7)).
            let mut terminate = signal(SignalKind::terminate())?;
            let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, port))
                .map_err(|error| Failure(format!("listening on port {port}: {error}")))?;
            println!("listening on port {port}");
            thread::Builder::new().name("serve".to_owned()).spawn(move || http::serve(&listener, answer))?;
            terminate.recv().await;
            println!("told to stop");
            Ok(())
        })
    }
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
