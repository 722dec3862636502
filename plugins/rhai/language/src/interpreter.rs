use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use rhai::{Dynamic, Engine, EvalAltResult, EvalContext};

use crate::failure::Stop;
use crate::functions;
use crate::limits::{
    ARRAYS, CALLS, EXPRESSIONS, FUNCTIONS, MAPS, MEMORY, OPERATIONS, STRETCH, STRINGS, TIME, VARIABLES,
};
use crate::nesting;
use crate::world::World;

/// What runs scripts: the functions that they call and the limits that they have. Scripts share one.
pub struct Interpreter {
    pub(crate) engine: Engine,
    pub(crate) current: Rc<Current>,
    world: Rc<dyn World>,
}

/// What functions know of the message at hand.
#[derive(Default)]
pub(crate) struct Current {
    pub(crate) content: RefCell<Dynamic>,
    pub(crate) error: RefCell<Dynamic>,
    /// Once there, nothing of the script is run any more: what it catches is raised again.
    pub(crate) stop: Cell<Option<Stop>>,
    /// The most that may be allocated.
    ceiling: Cell<usize>,
    /// When this message began, and what others have taken since.
    began: Cell<Duration>,
    /// Operations since others could run.
    operations: Cell<u32>,
    /// Whether variables are to be looked at when one is used next.
    unseen: Cell<bool>,
}

/// What scripts must not do: compile text, and make functions of functions, which no limit counts.
const DISABLED: [&str; 2] = ["eval", "curry"];

impl Interpreter {
    /// An interpreter in this world.
    #[must_use]
    pub fn new(world: Rc<dyn World>) -> Rc<Self> {
        let current = Rc::new(Current::default());
        let mut engine = Engine::new();
        engine
            .set_max_operations(OPERATIONS)
            .set_max_call_levels(CALLS)
            .set_max_expr_depths(EXPRESSIONS.0, EXPRESSIONS.1)
            .set_max_variables(VARIABLES)
            .set_max_functions(FUNCTIONS)
            .set_max_string_size(STRINGS)
            .set_max_array_size(ARRAYS)
            .set_max_map_size(MAPS)
            .set_strict_variables(true);
        for symbol in DISABLED {
            engine.disable_symbol(symbol);
        }
        functions::register(&mut engine, &current, &world);
        let (watched, outside) = (Rc::clone(&current), Rc::clone(&world));
        engine.on_progress(move |_| watched.step(outside.as_ref()).map(Dynamic::from));
        let watched = Rc::clone(&current);
        #[expect(
            deprecated,
            reason = "rhai calls that volatile; nothing else shows the variables of a running script"
        )]
        engine.on_var(move |_, _, context| watched.look(&context).map(|()| None));
        Rc::new(Self { engine, current, world })
    }

    /// Makes ready for another message.
    pub(crate) fn begin(&self) {
        self.current.stop.set(None);
        self.current.ceiling.set(self.world.allocated().saturating_add(MEMORY));
        self.current.began.set(Duration::MAX);
    }

    /// Forgets the message.
    pub(crate) fn end(&self) {
        *self.current.content.borrow_mut() = Dynamic::UNIT;
        *self.current.error.borrow_mut() = Dynamic::UNIT;
    }
}

impl Current {
    /// One operation of a script: whether it must end here.
    fn step(&self, world: &dyn World) -> Option<Stop> {
        if world.allocated() > self.ceiling.get() {
            self.stop.set(Some(Stop::Memory));
        }
        let operations = self.operations.get() + 1;
        if operations >= STRETCH {
            self.operations.set(0);
            self.unseen.set(true);
            self.stretch(world);
        } else {
            self.operations.set(operations);
        }
        self.stop.get()
    }

    /// Looks at all variables of the function that is running, if it is time to.
    fn look(&self, context: &EvalContext<'_, '_, '_, '_, '_, '_>) -> Result<(), Box<EvalAltResult>> {
        if !self.unseen.replace(false) {
            return Ok(());
        }
        let variables = context.scope().iter_raw().map(|(_, _, value)| value);
        if nesting::is_too_deep(variables.chain(context.this_ptr())) {
            self.stop.set(Some(Stop::Depth));
            return Err(Stop::Depth.raise());
        }
        Ok(())
    }

    /// Others may run now. The time that they take is not the script's.
    fn stretch(&self, world: &dyn World) {
        let now = world.elapsed();
        let began = self.began.get().min(now);
        if now - began > TIME {
            self.stop.set(Some(Stop::Time));
        }
        world.give_way();
        self.began.set(began + world.elapsed().saturating_sub(now));
    }
}

impl fmt::Debug for Interpreter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interpreter").finish_non_exhaustive()
    }
}
