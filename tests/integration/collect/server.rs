//! An HTTP server on this machine that answers as a test says: recorded answers, errors, connections that break.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What a client asked.
#[derive(Clone, Debug)]
pub struct Request {
    /// The service, by the scope of the signature: `iam`.
    pub service: String,
    /// The operation: `Action` of the query protocol, or the target of the JSON protocols.
    pub operation: String,
    /// The access key that signed it.
    pub key: String,
    /// The request as it came, up to its body.
    pub head: String,
    /// The body.
    pub body: String,
}

impl Request {
    /// A field of the query protocol.
    pub fn field(&self, name: &str) -> Option<String> {
        self.body.split('&').find_map(|pair| {
            let (key, value) = pair.split_once('=')?;
            (key == name).then(|| {
                percent_encoding::percent_decode_str(&value.replace('+', " ")).decode_utf8().unwrap().into_owned()
            })
        })
    }

    /// The operation as the permission's table of calls names it.
    pub fn name(&self) -> String {
        format!("{}:{}", self.service, self.operation)
    }
}

/// What is answered.
pub enum Answer {
    /// A whole answer.
    Whole { status: u16, kind: &'static str, body: String },
    /// An answer whose connection breaks in the middle.
    Broken { kind: &'static str, body: String },
    /// No answer: the connection is closed.
    Closed,
    /// No answer: the connection stays open until the client closes it.
    Silent,
}

impl Answer {
    /// An XML answer. That of the query protocol, whose root is `…Response`, gets a request id.
    pub fn xml(body: impl Into<String>) -> Answer {
        let mut body: String = body.into();
        if body.ends_with("Response>") {
            body.insert_str(
                body.rfind("</").unwrap(),
                "<ResponseMetadata><RequestId>2bd31bbd-0001</RequestId></ResponseMetadata>",
            );
        }
        Answer::Whole { status: 200, kind: "text/xml", body }
    }

    pub fn json(body: impl Into<String>) -> Answer {
        Answer::Whole { status: 200, kind: "application/x-amz-json-1.1", body: body.into() }
    }

    /// An error of the query protocol.
    pub fn error(status: u16, code: &str, message: &str) -> Answer {
        let body = format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>\
             <RequestId>2bd31bbd-0001</RequestId></ErrorResponse>"
        );
        Answer::Whole { status, kind: "text/xml", body }
    }

    /// An error of the JSON protocols.
    pub fn json_error(status: u16, code: &str, message: &str) -> Answer {
        let body = format!(r#"{{"__type":"{code}","Message":"{message}"}}"#);
        Answer::Whole { status, kind: "application/x-amz-json-1.1", body }
    }
}

/// A server, until it is dropped.
pub struct Server {
    pub url: String,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// Starts one; `answer` hears each request, and how often the same operation was asked before.
    pub fn start(answer: impl Fn(&Request, usize) -> Answer + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (answer, into) = (Arc::new(answer), Arc::clone(&seen));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answer, into) = (Arc::clone(&answer), Arc::clone(&into));
                std::thread::spawn(move || serve(stream, &into, &*answer));
            }
        });
        Server { url, seen }
    }

    /// Every request so far, in order.
    pub fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }

    /// How often an operation was asked.
    pub fn count(&self, name: &str) -> usize {
        self.seen().iter().filter(|request| request.name() == name).count()
    }
}

fn serve(stream: TcpStream, seen: &Mutex<Vec<Request>>, answer: &(dyn Fn(&Request, usize) -> Answer + Sync)) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut writer = stream;
    while let Some(request) = read(&mut reader) {
        let before = {
            let mut seen = seen.lock().unwrap();
            let before = seen.iter().filter(|other| other.name() == request.name()).count();
            seen.push(request.clone());
            before
        };
        let (status, kind, body, whole) = match answer(&request, before) {
            Answer::Whole { status, kind, body } => (status, kind, body, true),
            Answer::Broken { kind, body } => (200, kind, body, false),
            Answer::Closed => return,
            Answer::Silent => {
                // The end of what the client sends is its closing.
                let _ = std::io::copy(&mut reader, &mut std::io::sink());
                return;
            }
        };
        let head = format!(
            "HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nx-amzn-RequestId: 2bd31bbd-0001\r\n\r\n",
            body.len()
        );
        let sent = if whole { body.as_bytes() } else { &body.as_bytes()[..body.len() / 2] };
        if writer.write_all(head.as_bytes()).and_then(|()| writer.write_all(sent)).is_err() || !whole {
            return;
        }
    }
}

fn read(reader: &mut impl BufRead) -> Option<Request> {
    let mut request = Request {
        service: String::new(),
        operation: String::new(),
        key: String::new(),
        head: String::new(),
        body: String::new(),
    };
    let mut length = 0;
    let mut first = String::new();
    if reader.read_line(&mut first).ok()? == 0 {
        return None;
    }
    request.head.clone_from(&first);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        request.head += &line;
        let line = line.trim_end();
        let Some((name, value)) = line.split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().unwrap(),
            "x-amz-target" => request.operation = value.rsplit('.').next().unwrap().to_owned(),
            "authorization" => {
                let scope: Vec<&str> = value.split_once("Credential=").unwrap().1.split(['/', ',']).collect();
                (request.key, request.service) = (scope[0].to_owned(), scope[3].to_owned());
            }
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    request.body = String::from_utf8(body).unwrap();
    if let Some(action) = request.field("Action") {
        request.operation = action;
    } else if request.operation.is_empty() {
        request.operation = rest(&request.service, &first).to_owned();
    }
    Some(request)
}

/// The operation of a service that tells it by path.
fn rest(service: &str, first: &str) -> &'static str {
    let path = first.split(' ').nth(1).unwrap();
    match service {
        "s3" if path.contains("policy") => "GetBucketPolicy",
        "s3" if path.contains("ownershipControls") => "GetBucketOwnershipControls",
        "s3" => "ListBuckets",
        "lambda" if path.ends_with("/policy") => "GetPolicy",
        "lambda" => "ListFunctions",
        _ => panic!("{service} {first}: which operation is this?"),
    }
}

/// What another server answers to the same request.
pub fn forwarded(request: &Request, port: u16) -> Answer {
    use std::io::Read;
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let (first, rest) = request.head.split_once("\r\n").unwrap();
    write!(stream, "{first}\r\nConnection: close\r\n{rest}{}", request.body).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let kind = if body.starts_with('<') { "text/xml" } else { "application/x-amz-json-1.1" };
    Answer::Whole { status, kind, body: body.to_owned() }
}
