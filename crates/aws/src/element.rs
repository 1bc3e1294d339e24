//! An element of a request in XML.
//!
//! As with forms, an element alone does not say whether it is a structure, a list or text; the typed shape that reads it does.

use crate::document;
use crate::fault::Fault;
use roxmltree::Node;

/// One element: its text, or the elements in it by their names. Attributes and namespaces say nothing.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Element {
    text: String,
    children: Vec<(String, Element)>,
}

impl Element {
    /// An element that holds text.
    pub(crate) fn of(text: String) -> Self {
        Self { text, children: Vec::new() }
    }

    /// Puts another element into it, before all others.
    pub(crate) fn put(&mut self, name: &str, child: Element) {
        self.children.insert(0, (name.to_owned(), child));
    }

    /// The first member of this name.
    pub(crate) fn take(&mut self, name: &str) -> Option<Element> {
        let place = self.children.iter().position(|(key, _)| key == name)?;
        Some(self.children.remove(place).1)
    }

    /// The name of a member that was not taken. Every one should have been.
    pub(crate) fn leftover(&self) -> Option<&str> {
        self.children.first().map(|(name, _)| name.as_str())
    }

    /// The text here. Gives itself back where there are elements in it.
    pub(crate) fn text(self) -> Result<String, Element> {
        if self.children.is_empty() { Ok(self.text) } else { Err(self) }
    }

    /// As a list: each element in it is an item. Gives itself back where there is text.
    pub(crate) fn list(self) -> Result<Vec<Element>, Element> {
        if self.is_blank() { Ok(self.children.into_iter().map(|(_, item)| item).collect()) } else { Err(self) }
    }

    /// Whether there is no text in it but what sets elements apart.
    pub(crate) fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }
}

/// Reads a document within a depth and a number of nodes: the name of its root, and the root.
///
/// # Errors
/// `InvalidInput`, with the position where there is one.
pub(crate) fn read(body: &[u8], depth: usize, nodes: usize) -> Result<(String, Element), Fault> {
    let nodes = u32::try_from(nodes).unwrap_or(u32::MAX);
    let document = document::read(body, nodes).map_err(|why| invalid(&why))?;
    let root = document.root_element();
    Ok((root.tag_name().name().to_owned(), element(root, depth)?))
}

fn element(node: Node<'_, '_>, depth: usize) -> Result<Element, Fault> {
    let depth = depth.checked_sub(1).ok_or_else(|| invalid("nested too deep"))?;
    let mut read = Element::default();
    for child in node.children() {
        if child.is_element() {
            read.children.push((child.tag_name().name().to_owned(), element(child, depth)?));
        } else if child.is_text() {
            read.text += child.text().unwrap_or_default();
        }
    }
    if !read.children.is_empty() && !read.is_blank() {
        return Err(invalid(&format!("element '{}' holds text beside elements", node.tag_name().name())));
    }
    Ok(read)
}

fn invalid(why: &str) -> Fault {
    Fault::new("InvalidInput", format!("Invalid XML ; {why}"))
}
