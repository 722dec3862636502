/// What a component is told when it opens, beside its configuration.
#[derive(Debug, Clone)]
pub struct Context {
    component: String,
}

impl Context {
    /// A context for the component with this name.
    pub fn new(component: impl Into<String>) -> Self {
        Self { component: component.into() }
    }

    /// The name of the component, as the configuration has it.
    #[must_use]
    pub fn component(&self) -> &str {
        &self.component
    }
}
