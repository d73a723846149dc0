//! A moto server of a test's own, and its wire protocols as far as filling it takes.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use percent_encoding::NON_ALPHANUMERIC;
use serde_json::Value;

/// A server of its own, ended when it is dropped.
pub struct Moto {
    process: Child,
    pub port: u16,
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Moto {
    /// Starts one.
    pub fn start() -> Moto {
        let program = crate::needs::moto();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let process = Command::new(&program)
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .env("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("IAMDRIFT_MOTO: {}: {error}", program.display()));
        let moto = Moto { process, port };
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(started.elapsed() < Duration::from_secs(300), "moto does not start");
            std::thread::sleep(Duration::from_millis(50));
        }
        moto
    }

    /// One request, signed by name only: moto looks for the key's account and the service's name.
    pub fn send(&self, key: &str, service: &str, what: &str, headers: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let request = format!(
            "{what} HTTP/1.1\r\nHost: {service}.amazonaws.com\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\
             Authorization: AWS4-HMAC-SHA256 Credential={key}/20260101/us-east-1/{service}/aws4_request, \
             SignedHeaders=host, Signature=0\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 2"), "{service} {body}\nasked: {request}");
        body.to_owned()
    }

    pub fn query(&self, key: &str, service: &str, action: &str, fields: &[(&str, &str)]) -> String {
        let version = if service == "sts" { "2011-06-15" } else { "2010-05-08" };
        let mut body = format!("Action={action}&Version={version}");
        for (name, value) in fields {
            body += &format!("&{name}={}", percent_encoding::utf8_percent_encode(value, NON_ALPHANUMERIC));
        }
        self.send(key, service, "POST /", "Content-Type: application/x-www-form-urlencoded\r\n", &body)
    }

    pub fn iam(&self, key: &str, action: &str, fields: &[(&str, &str)]) -> String {
        self.query(key, "iam", action, fields)
    }

    pub fn json(&self, service: &str, target: &str, body: Value) -> Value {
        let headers = format!("Content-Type: application/x-amz-json-1.1\r\nX-Amz-Target: {target}\r\n");
        let answer = self.send("AKIACALLER", service, "POST /", &headers, &body.to_string());
        if answer.is_empty() { Value::Null } else { serde_json::from_str(&answer).unwrap() }
    }

    pub fn organizations(&self, operation: &str, body: Value) -> Value {
        self.json("organizations", &format!("AWSOrganizationsV20161128.{operation}"), body)
    }

    pub fn sso(&self, operation: &str, body: Value) -> Value {
        self.json("sso", &format!("SWBExternalService.{operation}"), body)
    }

    /// A key with which everything happens in that account.
    pub fn key_of(&self, account: &str) -> String {
        let role = format!("arn:aws:iam::{account}:role/setup");
        let answer = self.query("AKIACALLER", "sts", "AssumeRole", &[("RoleArn", &role), ("RoleSessionName", "setup")]);
        between(&answer, "<AccessKeyId>", "</AccessKeyId>").to_owned()
    }
}

pub fn between<'t>(text: &'t str, start: &str, end: &str) -> &'t str {
    text.split_once(start).unwrap().1.split_once(end).unwrap().0
}
