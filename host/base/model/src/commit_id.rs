use crate::uuid_id::uuid_id;

uuid_id! {
    /// What a commit is known by: asked again under the same id, the metadata store tells what became of it.
    CommitId
}
