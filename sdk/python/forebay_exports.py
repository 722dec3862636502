"""How the exports of the contract become calls of a plugin's classes. Used by the entry that `forebay plugin build`
writes; authors need not look here."""

from componentize_py_types import Err

import forebay
from forebay import Batch, text_of


def description(plugin):
    class Description:
        def describe(self):
            return plugin.describe()

    return Description


class _Exports:
    """What all kinds have in common. One instance serves one component."""

    kind = ""
    plugin = None
    component = None

    def open(self, component, config):
        _Exports.component = self.plugin.open(self.kind, component, config)

    def connect(self):
        _attempt(self.component.connect)


def _attempt(function, *arguments):
    try:
        return function(*arguments)
    except Exception as error:
        raise Err(text_of(error)) from None


def processors(plugin):
    from wit_world.exports import processors as wit

    class Processors(_Exports):
        kind = "processor"

        def process(self, batch):
            source = Batch(batch)
            results = _attempt(self.component.process, source)
            if results is None:
                raise Err("process returned nothing: return the batch, batch.map(...) or a list of results")
            results = [results] if isinstance(results, (Batch, forebay.Result)) else list(results)
            results = [forebay.Result(one) if isinstance(one, Batch) else one for one in results]
            if all(result.batch is not source for result in results):
                source.release()
            return wit.Processing_Done([result.lower() for result in results])

        def resume(self, operation):
            raise Err(f"operation {operation.id()} was not started here")

        def close(self):
            self.component.close()

    Processors.plugin = plugin
    return Processors


def inputs(plugin):
    from wit_world.exports import inputs as wit

    class Inputs(_Exports):
        kind = "input"
        token = 0

        def settle(self, settled):
            for settlement in settled:
                rejected = isinstance(settlement.outcome, wit.Outcome_Rejected)
                self.component.settled(settlement.token, settlement.outcome.value.reason if rejected else None)

        def read(self, settled):
            self.settle(settled)
            try:
                given = self.component.read()
            except forebay.NotConnected as error:
                return wit.Event_NotConnected(text_of(error))
            except Exception as error:
                raise Err(text_of(error)) from None
            if given is forebay.ENDED:
                return wit.Event_Ended()
            if given is forebay.IDLE:
                return wit.Event_Idle()
            batch = given if isinstance(given, Batch) else Batch.of(given)
            Inputs.token += 1
            return wit.Event_Batch(wit.ArrivedBatch(Inputs.token, batch.handle))

        def close(self, settled):
            self.settle(settled)
            self.component.close()

    Inputs.plugin = plugin
    return Inputs


def outputs(plugin):
    from wit_world.exports import outputs as wit

    class Outputs(_Exports):
        kind = "output"

        def write(self, batch):
            source = Batch(batch)
            try:
                written = self.component.write(source)
            except forebay.NotConnected as error:
                raise Err(wit.WriteError_NotConnected(text_of(error))) from None
            except Exception as error:
                raise Err(wit.WriteError_Failed(text_of(error))) from None
            finally:
                source.release()
            if written is None:
                written = forebay.Written()
            elif not isinstance(written, forebay.Written):
                operations = written if isinstance(written, (list, tuple)) else [written]
                written = forebay.Written(operations=operations)
            failed = [wit.Failure(reason, [index]) for index, reason in written.failed.items()]
            pending = [wit.Pending(operation, None, False) for operation in written.operations]
            return wit.Written(failed, pending)

        def resolve(self, operation):
            raise Err(wit.WriteError_Failed(f"operation {operation.id()} was not started here"))

        def close(self):
            self.component.close()

    Outputs.plugin = plugin
    return Outputs
