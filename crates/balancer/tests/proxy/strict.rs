//! A reader of request heads as targets get them that has nothing in common with the program's own, and takes nothing but what RFC 9112
//! calls well-formed.

/// Where the body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    Nothing,
    Length(u64),
    Chunked,
}

/// A head, taken apart.
#[derive(Debug)]
#[allow(dead_code, reason = "not all of its users look at all of it")]
pub struct Head {
    pub method: String,
    pub target: String,
    pub fields: Vec<(String, Vec<u8>)>,
    pub framing: Framing,
}

impl Head {
    pub fn values(&self, name: &str) -> Vec<&[u8]> {
        self.fields.iter().filter(|(key, _)| key == name).map(|(_, value)| &value[..]).collect()
    }
}

/// Reads a head that has to be all of these bytes.
pub fn read(bytes: &[u8]) -> Result<Head, String> {
    let text = bytes.strip_suffix(b"\r\n\r\n").ok_or("no empty line")?;
    let mut lines = Vec::new();
    for line in text.split(|byte| *byte == b'\n') {
        let is_last = lines.len() == text.iter().filter(|byte| **byte == b'\n').count();
        let line = if is_last { line } else { line.strip_suffix(b"\r").ok_or("a line feed alone")? };
        if line.iter().any(|byte| matches!(byte, 0..=8 | 10..=31 | 127)) {
            return Err(format!("a control character in {:?}", String::from_utf8_lossy(line)));
        }
        lines.push(line);
    }
    let parts: Vec<&[u8]> = lines[0].split(|byte| *byte == b' ').collect();
    let [method, target, b"HTTP/1.1"] = parts[..] else { return Err("no request line".into()) };
    if !is_token(method) || target.is_empty() {
        return Err("no method or no target".into());
    }
    let fields = lines[1..].iter().map(|line| field(line)).collect::<Result<Vec<_>, _>>()?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut head = Head { method: text(method), target: text(target), fields, framing: Framing::Nothing };
    if head.values("host").len() != 1 {
        return Err("not one host".into());
    }
    head.framing = match (&head.values("content-length")[..], &head.values("transfer-encoding")[..]) {
        ([], []) => Framing::Nothing,
        ([], [b"chunked"]) => Framing::Chunked,
        ([length], []) if length.iter().all(u8::is_ascii_digit) => {
            Framing::Length(text(length).parse().map_err(|_| "a length that is none")?)
        }
        framings => return Err(format!("not one framing: {framings:?}")),
    };
    Ok(head)
}

fn field(line: &[u8]) -> Result<(String, Vec<u8>), String> {
    let colon = line.iter().position(|byte| *byte == b':').ok_or("no colon")?;
    let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
    if !is_token(name) {
        return Err(format!("no name: {:?}", String::from_utf8_lossy(name)));
    }
    Ok((String::from_utf8_lossy(name).to_ascii_lowercase(), value.to_vec()))
}

fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte))
}
