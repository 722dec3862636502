use crate::error::{ErrorKind, ObjectError, Operation};
use crate::name::{ObjectName, ObjectPrefix};
use crate::objects::{Listed, Objects};

/// Up to `most` objects whose names begin with a text, which need not end at a `/`, in the order of their names,
/// beginning behind `after`: fewer only when there are no more.
///
/// # Errors
/// `Invalid`: no name begins so. `Retry`, `Internal`.
pub async fn list_beginning(
    objects: &dyn Objects,
    text: &str,
    after: Option<&ObjectName>,
    most: usize,
) -> Result<Vec<Listed>, ObjectError> {
    let invalid = |error| ObjectError::new(Operation::List, text, ErrorKind::Invalid, error);
    let (folder, file) = text.rsplit_once('/').unwrap_or(("", text));
    let folder: ObjectPrefix = folder.parse().map_err(invalid)?;
    if file.is_empty() {
        return objects.list(&folder, after, most).await;
    }
    let first: ObjectName = text.parse().map_err(invalid)?;
    let mut found = Vec::new();
    let mut after = after.cloned();
    if after.as_ref().is_none_or(|after| *after < first) {
        // Names before this one are not asked for; whether it is one itself, a list behind it does not say.
        match objects.head(&first).await {
            Ok(listed) => found.push(listed),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        after = Some(first);
    }
    if found.len() >= most {
        found.truncate(most);
        return Ok(found);
    }
    let page = objects.list(&folder, after.as_ref(), most - found.len()).await?;
    found.extend(page.into_iter().take_while(|listed| listed.name.as_str().starts_with(text)));
    Ok(found)
}
