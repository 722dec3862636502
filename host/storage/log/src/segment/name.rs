use forebay_lifecycle::chance;
use forebay_model::{SegmentName, SegmentNameError, VirtualClusterId};
use forebay_storage_objects::{InvalidName, ObjectPrefix};

/// A name that no segment has had: 128 random bits under the virtual cluster. Random from the first letter on, because
/// stores spread their load by how names begin.
///
/// # Errors
/// Never for ids that [`VirtualClusterId`] allows.
pub fn fresh_name(cluster: &VirtualClusterId) -> Result<SegmentName, SegmentNameError> {
    format!("{cluster}/segments/{:032x}", chance::bits()).parse()
}

/// Where all segments of a virtual cluster are.
///
/// # Errors
/// Never for ids that [`VirtualClusterId`] allows.
pub fn objects_of(cluster: &VirtualClusterId) -> Result<ObjectPrefix, InvalidName> {
    format!("{cluster}/segments").parse()
}

#[cfg(test)]
mod tests {
    use forebay_storage_objects::ObjectName;

    use super::*;

    #[test]
    fn names_differ_and_lie_where_segments_are_looked_for() {
        let cluster: VirtualClusterId = "vci_1".parse().unwrap();
        let (one, other) = (fresh_name(&cluster).unwrap(), fresh_name(&cluster).unwrap());
        assert_ne!(one, other);
        let object: ObjectName = one.as_str().parse().unwrap();
        assert!(objects_of(&cluster).unwrap().contains(&object));
        let longest: VirtualClusterId = "x".repeat(128).parse().unwrap();
        assert!(fresh_name(&longest).unwrap().as_str().parse::<ObjectName>().is_ok());
    }
}
