//! Redirects ("Redirect actions", Application Load Balancers guide).

/// Where clients are sent, with the placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Redirect {
    /// 301 or 302.
    pub status: u16,
    pub protocol: String,
    pub host: String,
    pub port: String,
    pub path: String,
    pub query: String,
}

/// What placeholders stand for.
pub(crate) struct Origin<'a> {
    /// `http` or `https`.
    pub protocol: &'a str,
    /// Without the port.
    pub host: &'a str,
    /// The listener's.
    pub port: u16,
    /// From its `/` on.
    pub path: &'a str,
    /// Without `?`.
    pub query: &'a str,
}

impl Redirect {
    /// The value of `Location`. The port is always in it.
    pub(crate) fn location(&self, origin: &Origin<'_>) -> String {
        let fill = |template: &str| fill(template, origin);
        let query = fill(&self.query);
        format!(
            "{}://{}:{}{}{}{query}",
            fill(&self.protocol).to_ascii_lowercase(),
            fill(&self.host),
            fill(&self.port),
            fill(&self.path),
            if query.is_empty() { "" } else { "?" },
        )
    }
}

fn fill(template: &str, origin: &Origin<'_>) -> String {
    let mut out = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some(start) = rest.find("#{") {
        out.push_str(&rest[..start]);
        rest = &rest[start..];
        let end = rest.find('}').map_or(rest.len(), |end| end + 1);
        match &rest[..end] {
            "#{protocol}" => out.push_str(origin.protocol),
            "#{host}" => out.push_str(origin.host),
            "#{port}" => out.push_str(&origin.port.to_string()),
            "#{path}" => out.push_str(origin.path.strip_prefix('/').unwrap_or(origin.path)),
            "#{query}" => out.push_str(origin.query),
            other => out.push_str(other),
        }
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations() {
        let origin = Origin { protocol: "http", host: "a.test", port: 80, path: "/x/y", query: "q=1" };
        let location = |protocol: &str, host: &str, port: &str, path: &str, query: &str| {
            Redirect {
                status: 301,
                protocol: protocol.into(),
                host: host.into(),
                port: port.into(),
                path: path.into(),
                query: query.into(),
            }
            .location(&origin)
        };
        assert_eq!(location("HTTPS", "#{host}", "443", "/#{path}", "#{query}"), "https://a.test:443/x/y?q=1");
        assert_eq!(location("#{protocol}", "new.#{host}", "#{port}", "/#{path}", ""), "http://new.a.test:80/x/y");
        assert_eq!(
            location("HTTP", "b", "81", "/n/#{path}/#{port}", "#{query}&v=#{host}"),
            "http://b:81/n/x/y/80?q=1&v=a.test"
        );
        assert_eq!(location("HTTP", "b", "81", "/#{what}/#{", ""), "http://b:81/#{what}/#{");
    }
}
