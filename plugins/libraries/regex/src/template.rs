//! What matches are replaced with: text with references to groups, `$1`, `$name`, `${name}` and `$$`.

/// A template, taken apart.
#[derive(Debug)]
pub(super) struct Template<'t>(Vec<Part<'t>>);

#[derive(Debug)]
enum Part<'t> {
    Text(&'t str),
    /// Groups that share a name; the first that matched is meant.
    Groups(Vec<usize>),
}

impl<'t> Template<'t> {
    pub(super) fn parse(template: &'t str, names: &[Option<String>]) -> Self {
        let mut parts = Vec::new();
        let mut rest = template;
        while let Some(at) = rest.find('$') {
            let (text, reference) = rest.split_at_checked(at).unwrap_or((rest, ""));
            parts.extend(fixed(text));
            if reference.starts_with("$$") {
                parts.push(Part::Text("$"));
                rest = reference.get(2..).unwrap_or_default();
                continue;
            }
            match name(reference) {
                // What is no reference stands for itself.
                None => {
                    parts.push(Part::Text("$"));
                    rest = reference.get(1..).unwrap_or_default();
                }
                Some((name, after)) => {
                    parts.push(Part::Groups(groups(name, names)));
                    rest = after;
                }
            }
        }
        parts.extend(fixed(rest));
        Self(parts)
    }

    /// Whether it refers to more than the whole match.
    pub(super) fn needs_groups(&self) -> bool {
        self.0
            .iter()
            .any(|part| matches!(part, Part::Groups(groups) if groups.iter().any(|group| *group > 0)))
    }

    /// Appends what stands for a match. What is appended, and every part of the template that adds nothing, is taken off
    /// `left`; none where that is not enough, and what was appended until then is within it.
    pub(super) fn expand(
        &self,
        text: &[u8],
        groups: &[Option<(usize, usize)>],
        left: &mut usize,
        out: &mut Vec<u8>,
    ) -> Option<()> {
        for part in &self.0 {
            let piece = match part {
                Part::Text(fixed) => fixed.as_bytes(),
                Part::Groups(named) => {
                    let place = named.iter().find_map(|group| groups.get(*group).copied().flatten());
                    place.and_then(|(start, end)| text.get(start..end)).unwrap_or_default()
                }
            };
            *left = left.checked_sub(piece.len().max(1))?;
            out.extend_from_slice(piece);
        }
        Some(())
    }
}

/// Text that stands for itself, if there is any.
fn fixed(text: &str) -> Option<Part<'_>> {
    (!text.is_empty()).then_some(Part::Text(text))
}

/// The name after a dollar sign, and what follows it.
fn name(reference: &str) -> Option<(&str, &str)> {
    let rest = reference.get(1..)?;
    let (braced, inner) = match rest.strip_prefix('{') {
        Some(inner) => (true, inner),
        None => (false, rest),
    };
    let length: usize =
        inner.chars().take_while(|c| *c == '_' || c.is_alphanumeric()).map(char::len_utf8).sum();
    let (name, after) = inner.split_at_checked(length)?;
    if name.is_empty() {
        return None;
    }
    if braced { Some((name, after.strip_prefix('}')?)) } else { Some((name, after)) }
}

fn groups(name: &str, names: &[Option<String>]) -> Vec<usize> {
    if name.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number with a leading zero, or that is too large, is a name; no group has such a one by number.
        let valid = name == "0" || !name.starts_with('0');
        return name.parse().ok().filter(|_| valid).into_iter().collect();
    }
    let same = |(index, known): (usize, &Option<String>)| (known.as_deref() == Some(name)).then_some(index);
    names.iter().enumerate().filter_map(same).collect()
}
