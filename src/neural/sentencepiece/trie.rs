//! The vocabulary as a trie over bytes: which pieces a text begins with.

/// A node. Its children stand one after the other, in the order of their bytes.
#[derive(Clone, Copy, Default)]
struct Node {
    first: u32,
    children: u16,
    /// The piece that ends here.
    id: Option<u32>,
}

/// Byte strings with numbers.
pub(super) struct Trie {
    nodes: Vec<Node>,
    /// The byte that leads to each node.
    bytes: Vec<u8>,
}

impl Trie {
    /// From distinct, non-empty keys in any order.
    pub(super) fn new<'p>(keys: impl IntoIterator<Item = (&'p str, u32)>) -> Self {
        let mut keys: Vec<(&[u8], u32)> = keys.into_iter().map(|(key, id)| (key.as_bytes(), id)).collect();
        keys.sort_unstable();
        let mut trie = Self {
            nodes: vec![Node::default()],
            bytes: vec![0],
        };
        // The nodes of one depth after the other; each with the keys that pass through it.
        let mut level = vec![(0usize, 0..keys.len())];
        let mut depth = 0;
        while !level.is_empty() {
            let mut below = Vec::new();
            for (node, range) in level {
                trie.grow(node, &keys, range, depth, &mut below);
            }
            level = below;
            depth += 1;
        }
        trie
    }

    /// Adds the children of `node`, through which the keys of `range` pass after `depth` bytes.
    fn grow(
        &mut self,
        node: usize,
        keys: &[(&[u8], u32)],
        range: std::ops::Range<usize>,
        depth: usize,
        below: &mut Vec<(usize, std::ops::Range<usize>)>,
    ) {
        let mut start = range.start;
        if let Some((key, id)) = keys.get(start).filter(|_| !range.is_empty())
            && key.len() == depth
        {
            self.nodes[node].id = Some(*id);
            start += 1;
        }
        self.nodes[node].first = self.nodes.len() as u32;
        while start < range.end {
            let byte = keys[start].0[depth];
            let same = keys[start..range.end].partition_point(|(key, _)| key[depth] == byte);
            below.push((self.nodes.len(), start..start + same));
            self.nodes.push(Node::default());
            self.bytes.push(byte);
            self.nodes[node].children += 1;
            start += same;
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.nodes.len() == 1
    }

    /// The keys that `text` begins with, the shortest first: their lengths and numbers.
    pub(super) fn prefixes<'t>(&'t self, text: &'t [u8]) -> impl Iterator<Item = (usize, u32)> + 't {
        let mut node = self.nodes[0];
        text.iter()
            .enumerate()
            .map_while(move |(at, byte)| {
                let first = node.first as usize;
                let children = &self.bytes[first..first + usize::from(node.children)];
                node = self.nodes[first + children.binary_search(byte).ok()?];
                Some((at + 1, node.id))
            })
            .filter_map(|(length, id)| Some((length, id?)))
    }

    /// The length of the longest key that `text` begins with.
    pub(super) fn longest(&self, text: &[u8]) -> Option<usize> {
        self.prefixes(text).last().map(|(length, _)| length)
    }
}
