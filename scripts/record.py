"""Writes down what a PyTorch training computes, step by step, so that two trainings can be laid beside each other.

Around a loop of your own:

    from record import record

    with record(model, optimizer, 'a.record'):
        for xb, yb in loader:
            ...

or around a whole program, which stays as it is:

    python record.py [-o a.record] [--values 0,1,37] train.py ARGS

then `lockstep diff a.record b.record` finds the first tensor that differs. The file needs torch alone. The format is
described in data/record-format.md. A step ends with `optimizer.step()`. Recorded are, in the order in which they come: the
rows that a DataLoader takes, the generator's state, every module's inputs and outputs, the tensor that `backward` is called
on, each parameter's gradient, what clipping made of it, the learning rates, and after the update the optimizer's state, the
parameters and the buffers. Of each tensor a hash of its bytes and four statistics are kept; the values themselves of the
steps in `values`, and of the parameters at the start.
"""
import argparse
import array
import collections
import ctypes
import functools
import gc
import hashlib
import json
import math
import os
import platform
import queue
import runpy
import struct
import sys
import threading

import torch
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook
from torch.nn.parameter import is_lazy
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.utils._python_dispatch import _disable_current_modes
from torch.utils.data import dataloader

FORMAT = 1
PIECE, MOST_HELD = 2047, 1 << 13
PLAIN = {torch.Tensor, torch.nn.Parameter}
# Those by which libraries choose how they compute, or on how many threads.
VARIABLES = ('ATEN_CPU_CAPABILITY', 'DNNL_MAX_CPU_ISA', 'MKL_CBWR', 'MKL_ENABLE_INSTRUCTIONS', 'ONEDNN_MAX_CPU_ISA')
# Tensors are described by another thread, once so many of them wait, or more than a buffer holds.
MOST_WAITING, BUFFER, BUFFERS, MOST_EXTRA = 1 << 9, 1 << 21, 3, 1 << 27
# So many statistics are remembered, and so many calls of a module in a step.
MOST_TEXTS, MOST_CALLS = 1 << 13, 1 << 6
# The bytes of gradients up to this size are compared with what backward left; of larger ones only the count of changes.
MOST_PRINTED = 1 << 24
# The parameters at the start are kept in full up to so many bytes, whichever steps were chosen.
MOST_AT_START = 1 << 22
# Dtypes whose numbers have statistics.
NUMBERS = {'float64', 'float32', 'float16', 'bfloat16', 'float8_e4m3fn', 'float8_e5m2', 'complex128', 'complex64', 'int64', 'int32',
           'int16', 'int8', 'uint8', 'bool'}
# Rows of a batch that are listed one by one.
MOST_ROWS = 1 << 16
SAFETENSORS = {'float64': 'F64', 'float32': 'F32', 'float16': 'F16', 'bfloat16': 'BF16', 'int64': 'I64', 'int32': 'I32',
               'int16': 'I16', 'int8': 'I8', 'uint8': 'U8', 'bool': 'BOOL'}


def record(model, optimizer, file, values=(), perturb=False):
    """Records the training of `model` by `optimizer` that runs inside the `with`.

    file: where to; values of chosen steps stand beside it, as FILE.stepN.safetensors.
    values: numbers of the steps, from 0, whose tensors are kept in full, or 'all'.
    perturb: moves each step's first input by one ULP: how far two honest runs part.
    """
    return Recorder(file, model, values, perturb)


class NotWritten(RuntimeError):
    """The record could not be written; the training is done."""


def guarded(hook):
    """A hook that leaves the program alone: nothing where torch traces or compiles, and a warning, once, where it fails."""
    def run(self, *args):
        if torch.compiler.is_compiling() or torch.jit.is_tracing():
            return None
        try:
            with self.lock:  # autograd has threads of its own, and so may the program
                return hook(self, *args)
        except Exception as error:
            self._warn(f'not recorded: {type(error).__name__}: {error}')
            return None
    return run


class Recorder:
    def __init__(self, file, model=None, values=(), perturb=False):
        rank = os.environ.get('RANK', '0')  # torchrun's: each process has a record of its own
        self.file = os.fspath(file) + ('' if rank == '0' else f'.rank{rank}')
        self.model, self.values, self.perturb = model, values, perturb
        self.step = 0
        self.paths = {}  # id of a module: (its path, the module, which stays alive by this)
        self.roots = []  # (prefix, module, whether it has parameters)
        self.training = {}  # path of a module: whether it belongs to a model that has parameters
        self.alive, self.parents = set(), {}  # modules that were found in memory, and what they are parts of
        self.parameters = {}  # id of a parameter: its name
        self.named = []  # (parameter, its name) of the models
        self.buffers = {}  # name: the module that owns it, and its key there
        self.optimizers = []
        # This step's events in the order in which they came: four entries each, its form, place and size of the tensor's copy, and
        # what else is said. No lists in the list: Python's garbage collection would go through them again and again.
        self.waiting = []
        self.forms = {}  # by all that it says
        self.seen = {}  # id of a tensor that a module took or gave in this step: where in the batch its copy is, and its size
        self.raw = {}  # name of a parameter: (gradient, print_of it) as backward left it
        self.handles = []
        self.rows = collections.deque()  # batches that a loader gave and no module has seen
        self.begun = False  # whether this step's first module was called
        self.moved = False  # whether an input was moved by an ULP
        self.warned = set()
        self.lock = threading.RLock()

    # --- beginning and end
    def __enter__(self):
        self.writer = Writer(self.file, self.values)
        self._line({'record': FORMAT, 'by': 'record.py', 'argv': sys.argv, 'versions': versions(),
                    'conditions': conditions(self.model), 'values': shown_steps(self.values),
                    'perturbed': self.perturb})
        self.handles = [
            register_module_forward_pre_hook(self._before_module),
            register_module_forward_hook(self._after_module, with_kwargs=True),
            register_optimizer_step_pre_hook(self._before_update),
            register_optimizer_step_post_hook(self._after_update),
        ]
        self._wrap(torch.autograd, 'backward', self._backward)
        self._wrap(dataloader._BaseDataLoaderIter, '_next_index', self._next_index)
        self._wrap(dataloader._BaseDataLoaderIter, '__next__', self._next_batch)
        self._wrap(dataloader._BaseDataLoaderIter, '_reset', self._reset)
        self._wrap(torch, 'randperm', self._randperm)
        if self.model is not None:
            self._adopt(self.model)
        return self

    def __exit__(self, kind, *_):
        for handle in self.handles:
            handle.remove()
        if self.step == 0:
            self._warn('no step was recorded: optimizer.step() was not called, or in a function that torch.compile compiled')
        self._end()
        try:
            self.writer.close()
        except Exception as error:
            if kind is None:
                raise NotWritten(f'{self.file}: not written: {error}') from error
            self._warn(f'{self.file}: not written: {error}')  # the program's own end comes first
        if self.perturb and not self.moved:
            self._warn("nothing was moved: the first module's first argument is no tensor of floating-point numbers")

    def _warn(self, text):
        if text not in self.warned:
            self.warned.add(text)
            print(f'record.py: {text}', file=sys.stderr)

    def _wrap(self, owner, name, around):
        """Puts `around(original, *args)` in the place of a function."""
        original = getattr(owner, name)

        def wrapped(*args, **kwargs):
            return around(original, *args, **kwargs)

        setattr(owner, name, wrapped)

        class Handle:
            def remove(self):
                setattr(owner, name, original)
        self.handles.append(Handle())

    # --- modules
    def _adopt(self, module):
        """Names a module that was not seen before: it, or the module it belongs to, is a root."""
        root = module if self.model is not None else self._outermost(module)
        trains = any(True for _ in root.parameters())
        first = not any(trained for _, _, trained in self.roots)
        prefix = '' if trains and first else self._free(type(root).__name__)
        self.roots.append((prefix, root, trains))
        self.training.clear()
        join = (lambda name: name) if prefix == '' else (lambda name: f'{prefix}.{name}' if name else prefix)
        modules = [(join(name), child) for name, child in root.named_modules()]
        for path, child in modules:
            self.paths.setdefault(id(child), (path, child))
        if not trains:
            return
        named = [(join(name), parameter) for name, parameter in root.named_parameters()]
        self._line({'model': prefix, 'class': type(root).__name__, 'seed': torch.initial_seed(),
                    'modules': [[path, type(child).__name__] for path, child in modules],
                    'parameters': [[name, [] if is_lazy(p) else list(p.shape), name_of(p.dtype)] for name, p in named]})
        for name, parameter in named:
            self.parameters[id(parameter)] = name
            self.named.append((parameter, name))
            if parameter.requires_grad and not is_lazy(parameter):
                self.handles.append(parameter.register_post_accumulate_grad_hook(self._gradient(name)))
        for path, child in modules:
            for key, _ in child.named_buffers(recurse=False):
                if key not in getattr(child, '_non_persistent_buffers_set', ()):
                    self.buffers[f'{path}.{key}' if path else key] = (child, key)
        self._start(named)

    def _buffers(self, phase):
        for name, (module, buffer) in self.buffers.items():
            tensor = getattr(module, buffer, None)
            if tensor is not None and not is_lazy(tensor):
                self._tensor(phase, 'buffer', name, tensor)

    def _outermost(self, module):
        """The module that `module` is a part of, and that is part of no other: itself, if there is none."""
        if id(module) not in self.alive:
            alive = [found for found in gc.get_objects() if issubclass(type(found), torch.nn.Module)]
            self.alive = {id(found) for found in alive}
            self.parents = {id(child): parent for parent in alive for child in parent.__dict__.get('_modules', {}).values()}
        seen = set()
        while id(module) in self.parents and id(module) not in seen:
            seen.add(id(module))
            module = self.parents[id(module)]
        return module

    def _free(self, name):
        taken = {prefix for prefix, _, _ in self.roots}
        return next(free for n in range(len(taken) + 2) if (free := name if n == 0 else f'{name}_{n}') not in taken)

    def _start(self, named):
        """The parameters before the first step, and the generator."""
        self._hand_over()
        for name, parameter in named:
            if not is_lazy(parameter):
                self._tensor('start', 'parameter', name, parameter)
        self._buffers('start')
        self._hand_over()
        self.writer.add(('start', self.step, torch.get_rng_state()))

    @guarded
    def _before_module(self, module, args):
        if id(module) not in self.paths:
            self._adopt(module)
        path, _ = self.paths[id(module)]
        phase = self._phase()
        if self.rows and self._trains(path):
            self._list_rows(phase)
        if not self.begun and phase == 'forward' and self._trains(path):
            self.begun = True
            self._tensor(phase, 'generator', '', torch.get_rng_state())
            if self.perturb:
                args, moved = nudged(args)
                self.moved = self.moved or moved
        self._tensors(phase, 'input', path, args, module.training)
        return args if self.perturb else None

    @guarded
    def _after_module(self, module, args, kwargs, output):
        path, _ = self.paths[id(module)]
        phase = self._phase()
        if kwargs:
            self._tensors(phase, 'input', path, kwargs, module.training)
        found = self._tensors(phase, 'output', path, output, module.training)
        # What a criterion says of validation rows, which no backward is called on.
        if phase == 'eval' and len(found) == 1 and found[0].numel() == 1 and not self._trains(path):
            self._tensor(phase, 'loss', '', found[0])

    def _trains(self, path):
        """Whether a module belongs to a model that has parameters."""
        known = self.training.get(path)
        if known is None:
            known = self.training[path] = not any(
                not trains and (path == prefix or path.startswith(prefix + '.')) for prefix, _, trains in self.roots)
        return known

    def _phase(self):
        return 'forward' if torch.is_grad_enabled() else 'eval'

    # --- batches
    def _reset(self, original, iterator, *args, **kwargs):
        """A new epoch: what the one before fetched and nobody took is no batch."""
        iterator.__dict__['_recorded'] = collections.deque()
        self.rows.clear()
        return original(iterator, *args, **kwargs)

    def _next_index(self, original, iterator):
        index = original(iterator)
        iterator.__dict__.setdefault('_recorded', collections.deque()).append(index)
        return index

    def _next_batch(self, original, iterator):
        batch = original(iterator)
        indices = iterator.__dict__.get('_recorded')
        index = indices.popleft() if indices else None
        if isinstance(index, (list, tuple)) and all(isinstance(row, int) for row in index):
            of = len(iterator._dataset) if hasattr(iterator._dataset, '__len__') else None
            self.rows.append((index, of))
        return batch

    def _list_rows(self, phase):
        while self.rows:
            rows, of = self.rows.popleft()
            self._list('rows', phase, rows, of)

    def _randperm(self, original, n, *args, **kwargs):
        """A permutation, from which a loop without a loader takes its batches."""
        order = original(n, *args, **kwargs)
        self._drawn(order, n)
        return order

    @guarded
    def _drawn(self, order, n):
        self._list('permutation', self._phase(), order.tolist(), n)

    def _list(self, kind, phase, rows, of):
        """Not as a tensor: a mode of the program's would be told that it is made."""
        content = array.array('q', rows)
        address, size = content.buffer_info()[0], 8 * len(rows)
        more = {'of': of, 'rows': rows} if len(rows) <= MOST_ROWS else {'of': of}
        form = self._form(phase, kind, '', 0, None, torch.int64, torch.Size([len(rows)]))
        self.waiting += (form, self._copied(address, size), size, more)

    # --- gradients and updates
    def _backward(self, original, tensors, *args, **kwargs):
        tensors = tensors if isinstance(tensors, torch.Tensor) else tuple(tensors)
        self._losses(tensors)
        return original(tensors, *args, **kwargs)

    @guarded
    def _losses(self, tensors):
        self._settle()
        for tensor in leaves(tensors):
            self._tensor('forward', 'loss', '', tensor, again=True)

    def _settle(self):
        """A model in evaluation mode that nobody put under no_grad was evaluated, if another pass of it trained."""
        roots = {prefix for prefix, _, trains in self.roots if trains}
        forms = self.waiting[::4]
        modes = {form.training for form in forms if form.phase == 'forward' and form.path in roots and form.training is not None}
        if len(modes) < 2:
            return
        trains = True
        for place, form in enumerate(forms):
            if form.kind == 'input' and form.path in roots and form.training is not None:
                trains = form.training
            if form.phase == 'forward' and not trains and form.kind != 'generator':
                self.waiting[4 * place] = self._form('eval', *form.key[1:])

    def _gradient(self, name):
        @guarded
        def seen(self, parameter):
            grad = parameter.grad
            if grad is not None:
                self._tensor('backward', 'gradient', name, grad)
                self.raw[name] = (grad, print_of(grad))
        return functools.partial(seen, self)

    @guarded
    def _before_update(self, optimizer, args, kwargs):
        if optimizer not in self.optimizers:
            self.optimizers.append(optimizer)
            known = ('params', 'lr', 'initial_lr')
            self._line({'optimizer': self.optimizers.index(optimizer), 'class': type(optimizer).__name__,
                        'settings': {name: plain(value) for name, value in optimizer.param_groups[0].items()
                                     if name not in known}})
        for number, group in enumerate(optimizer.param_groups):
            form = self._form('update', 'lr', str(number), 0, None, None, None)
            self.waiting += (form, 0, 0, {'value': float(group['lr'])})
            for parameter in group['params']:
                name = self._name(parameter)
                grad = parameter.grad
                if grad is None:
                    continue
                raw, before = self.raw.get(name, (None, None))
                if raw is not grad or before != print_of(grad):
                    self._tensor('update', 'clipped', name, grad)

    def _name(self, parameter):
        name = self.parameters.get(id(parameter))
        return name or self.parameters.setdefault(id(parameter), f'parameter.{len(self.parameters)}')

    @guarded
    def _after_update(self, optimizer, args, kwargs):
        updated = [(parameter, self._name(parameter)) for group in optimizer.param_groups for parameter in group['params']]
        for parameter, name in updated:
            for what, value in optimizer.state.get(parameter, {}).items():
                if what != 'step' and isinstance(value, torch.Tensor):
                    self._tensor('update', 'state', f'{what}.{name}', value)
        for parameter, name in updated:
            self._tensor('update', 'parameter', name, parameter)
        theirs = {id(parameter) for other in self.optimizers for group in other.param_groups for parameter in group['params']}
        for parameter, name in self.named:
            if id(parameter) not in theirs:  # frozen: no optimizer has it
                self._tensor('update', 'parameter', name, parameter)
        self._buffers('update')
        self.raw.clear()
        self._end()
        self.step += 1
        self.begun = False

    # --- to the writer
    def _line(self, line):
        self._hand_over()
        self.writer.add(json.dumps(line) + '\n')

    def _tensors(self, phase, kind, path, values, training):
        """The tensors in a module's arguments or outputs, one by one."""
        found = leaves(values)
        for index, tensor in enumerate(found):
            self._tensor(phase, kind, path, tensor, index, training, again=True)
        return found

    def _tensor(self, phase, kind, path, tensor, index=0, training=None, again=False):
        """again: it may come again as it is, from module to module."""
        try:
            memory = settled(tensor)
            address, size = memory.data_ptr(), memory.nbytes
        except (RuntimeError, NotImplementedError):
            address, size = 0, 1
        if size and not address:  # nested, or one of torch.func's
            self._warn('some tensors have no memory of their own, such as nested ones and those of torch.func: left out')
            return
        known = self.seen.get(id(tensor)) if again else None
        # Not by its version: a change by NumPy or through .data does not count.
        if known is not None and known[1] == size and self.writer.batch.has(known[0], address, size):
            place = known[0]
        else:
            place = self._copied(address, size)
            if again:
                self.seen[id(tensor)] = (place, size)
        self.waiting += (self._form(phase, kind, path, index, training, tensor.dtype, tensor.shape), place, size, None)

    def _form(self, *key):
        form = self.forms.get(key)
        if form is None:
            form = self.forms[key] = Form(*key)
        return form

    def _copied(self, address, size):
        """Where in the batch the copy of so many bytes is."""
        place = self.writer.batch.copied(address, size)
        if place is None:
            self._hand_over()
            self.writer.flush()
            place = self.writer.batch.copied(address, size)
        return place

    def _hand_over(self):
        """Gives the writer what waits. What comes next may be copied into another batch, so that no copy is known any more."""
        waiting, self.waiting = self.waiting, []
        if waiting:
            self.writer.add((self.step, waiting), len(waiting) // 4)
        self.seen.clear()

    def _end(self):
        """The step is over."""
        self._hand_over()
        self.writer.add(self.step)


class Form:
    """What is said of a tensor in every step; there is one of all that are equal."""
    def __init__(self, phase, kind, path, index, training, dtype, shape):
        self.key = (phase, kind, path, index, training, dtype, shape)
        self.phase, self.kind, self.path, self.index, self.training, self.dtype, self.shape = self.key
        self.place = self.key[:4]
        self.texts = {}  # by call: the part of a line from the phase to the shape

    def text(self, call):
        text = self.texts.get(call)
        if text is None:  # those of a step that goes on and on are not remembered
            line = {'phase': self.phase, 'kind': self.kind, 'path': self.path}
            line |= {'call': call} if call else {}
            line |= {'index': self.index} if self.index else {}
            line |= {} if self.training is None else {'training': self.training}
            line |= {} if self.dtype is None else {'dtype': name_of(self.dtype), 'shape': list(self.shape)}
            text = json.dumps(line)[1:-1]
            if call < MOST_CALLS:
                self.texts[call] = text
        return text


class Batch:
    """Copies of tensors and what is to be written of them, handed from the thread that trains to the one that writes.

    jobs, in order: lines as text; events as a step and its list; the end of a step as its number; and the end of what comes
    before the first step, as 'start', the step and the generator's state.
    """
    def __init__(self, buffer):
        self.jobs, self.events = [], 0
        # Memory that is used again: new memory would cost the training more than the copying.
        self.buffer, self.used = buffer, 0
        self.address = ctypes.addressof(ctypes.c_char.from_buffer(buffer))
        self.large, self.extra = [], 0  # copies that the buffer is too small for, and their bytes

    def copied(self, address, size):
        """Copies a tensor's bytes, row-major and little-endian, and says where to; None if there is no more room."""
        if size > BUFFER:
            if self.extra > MOST_EXTRA:
                return None
            self.extra += size
            self.large.append(bytearray(ctypes.string_at(address, size)))
            return -len(self.large)
        first, self.used = self.used, self.used + (size | 63) + 1  # each at a place of its own, and aligned
        if self.used > BUFFER:
            return None
        if size:
            # Not by a copy in torch, which lets other threads of Python run and then waits for them.
            ctypes.memmove(self.address + first, address, size)
        return first

    def has(self, place, address, size):
        """Whether the copy there is of these bytes."""
        return place >= 0 and memcmp(self.address + place, address, size) == 0

    def content(self, place, size):
        return memoryview(self.buffer)[place:place + size] if place >= 0 else memoryview(self.large[-place - 1])

    def each(self):
        """The events of all steps."""
        return (event for job in self.jobs if isinstance(job, tuple) and isinstance(job[1], list) for event in quads(job[1]))


def quads(events):
    return zip(*[iter(events)] * 4)


class Writer:
    """Describes tensors and writes their lines, in a thread of its own: another core's work, where there is one.

    The file is in its place when all is written.
    """
    def __init__(self, file, values):
        self.file, self.values = file, values
        self.out = open(file + '.part', 'w', encoding='utf-8')
        self.batch, self.batches, self.free = Batch(bytearray(BUFFER)), queue.Queue(), queue.Queue()
        for _ in range(BUFFERS - 1):
            self.free.put(bytearray(BUFFER))
        self.calls = {}  # how often each place of this step was written
        self.texts = {}  # statistics by hash, in one per dtype
        self.kept = []  # (key, content, dtype, shape) of this step, to be kept in full
        self.at_start = []  # the same before the first step
        self.error = None
        self.process = os.getpid()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def here(self):
        """Not in a loader's worker, which is a copy of this process without the thread."""
        return os.getpid() == self.process

    def add(self, job, events=1):
        self.batch.jobs.append(job)
        self.batch.events += events
        if self.batch.events > MOST_WAITING:
            self.flush()

    def flush(self):
        if self.here() and self.error is None:
            # The next buffer first: where Ctrl-C ends the wait for it, nothing is written twice.
            batch, self.batch = self.batch, Batch(self.free.get())
            self.batches.put(batch)
        else:
            self.batch = Batch(self.batch.buffer)

    def close(self):
        if not self.here():
            return
        self.flush()
        self.batches.put(None)
        self.thread.join()
        if self.error is not None:
            raise self.error
        self.out.flush()
        os.fsync(self.out.fileno())
        self.out.close()
        os.replace(self.out.name, self.file)

    def _run(self):
        while (batch := self.batches.get()) is not None:
            if self.error is None:
                try:
                    self._write(batch)
                except Exception as error:  # raised in the end: the training goes on
                    self.error = error
            self.free.put(batch.buffer)

    def _write(self, batch):
        hashes = self._describe(batch)
        for job in batch.jobs:
            if isinstance(job, str):
                self.out.write(job)
            elif isinstance(job, int):
                self._keep(f'step{job}', self.kept)
                self.kept = []
                self.calls.clear()
            elif job[0] == 'start':
                self._keep_start(*job[1:])
            else:
                self._events(*job, batch, hashes)

    def _describe(self, batch):
        """The hash of every tensor by the place of its copy; statistics of all that are new go to `texts`."""
        hashes, fresh = {}, collections.defaultdict(dict)
        if sum(map(len, self.texts.values())) > MOST_TEXTS:
            self.texts.clear()
        for form, place, size, _ in batch.each():
            if form.dtype is not None and place not in hashes:
                content = batch.content(place, size)
                hash_ = hashes[place] = digest(content)
                if size and hash_ not in self.texts.setdefault(form.dtype, {}):
                    fresh[form.dtype, size][hash_] = content
        for (dtype, _), contents in fresh.items():
            texts = statistics(contents.values(), dtype) if name_of(dtype) in NUMBERS else [''] * len(contents)
            self.texts[dtype].update(zip(contents, texts))
        return hashes

    def _events(self, step, events, batch, hashes):
        keep, calls, texts = self._chosen(step), self.calls, self.texts
        lines, start = [], f'{{"step": {step}, '
        for form, place, size, more in quads(events):
            call = calls[form.place] = calls.get(form.place, -1) + 1
            text = start + form.text(call)
            if more:
                text += ', ' + json.dumps(more)[1:-1]
            if form.dtype is None:
                lines.append(f'{text}}}\n')
                continue
            hash_ = hashes[place]
            numbers = texts[form.dtype][hash_] if size else ''
            lines.append(f'{text}, "hash": "{hash_}"{numbers}}}\n')
            if keep or form.phase == 'start':
                kept = self.at_start if form.phase == 'start' else self.kept
                kept.append((key(*form.place[:3], call, form.index), bytes(batch.content(place, size)), form.dtype, form.shape))
        self.out.write(''.join(lines))

    def _chosen(self, step):
        return self.values == 'all' or any(step in part if isinstance(part, range) else step == part for part in self.values)

    def _keep_start(self, step, generator):
        if sum(len(content) for _, content, *_ in self.at_start) > MOST_AT_START and not self._chosen(step):
            self.at_start.clear()
        self.at_start.append((key('start', 'generator', ''), bytes(generator.tolist()), generator.dtype, generator.shape))
        self._keep('start', self.at_start)

    def _keep(self, name, kept):
        """Writes values that are kept in full, as a safetensors file."""
        header, parts, place = {}, [], 0
        for entry, content, dtype, shape in kept:
            if name_of(dtype) in SAFETENSORS:
                parts.append(content)
                header[entry] = {'dtype': SAFETENSORS[name_of(dtype)], 'shape': list(shape),
                                 'data_offsets': [place, place + len(content)]}
                place += len(content)
        text = json.dumps(header).encode()
        text += b' ' * (-len(text) % 8)
        if header:
            with open(f'{self.file}.{name}.safetensors', 'wb') as file:
                file.write(struct.pack('<Q', len(text)) + text + b''.join(parts))


def print_of(gradient):
    """What changes with a gradient: a change through `.data`, or by GradScaler, is not among the counted ones."""
    plain = gradient.is_cpu and gradient.layout is torch.strided and gradient.is_contiguous()
    if not plain or gradient.nbytes > MOST_PRINTED:
        return gradient._version
    return hash(ctypes.string_at(gradient.data_ptr(), gradient.nbytes))


def settled(tensor):
    """The tensor, or a copy, as a run of memory that the processor can read."""
    if type(tensor) not in PLAIN and hasattr(tensor, 'fake_mode'):
        raise NotImplementedError('a FakeTensor has no content')
    if tensor.is_cpu and tensor.layout is torch.strided and tensor.is_contiguous() and not (tensor.is_conj() or tensor.is_neg()):
        return tensor
    # No mode of the program's, such as one that counts operations, is told of these.
    with torch._C.DisableTorchFunction(), _disable_current_modes():
        tensor = tensor.detach().resolve_conj().resolve_neg()
        return (tensor if tensor.layout is torch.strided else tensor.to_dense()).cpu().contiguous()


def leaves(value):
    """The tensors of arguments or outputs."""
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, (list, tuple)):
        return []
    return [leaf for item in value for leaf in leaves(item)]


def nudged(args):
    """The arguments, the numbers of the first of them one ULP larger, and whether there were any."""
    args = list(args)
    for index, value in enumerate(args):
        if isinstance(value, torch.Tensor) and value.is_floating_point():
            args[index] = torch.nextafter(value, torch.full_like(value, math.inf))
            return tuple(args), True
    return tuple(args), False


def key(phase, kind, path, call=0, index=0):
    """A tensor's name among the values."""
    return f'{phase}/{kind}/{path}/{call}/{index}'


def digest(content):
    if len(content) > MOST_HELD:
        return hashlib.blake2b(content, digest_size=16).hexdigest()
    # In pieces for which hashlib does not let go of Python's lock: to get it again takes longer than to hash them.
    hash_ = hashlib.blake2b(digest_size=16)
    for first in range(0, len(content), PIECE):
        hash_.update(content[first:first + PIECE])
    return hash_.hexdigest()


def statistics(contents, dtype):
    """min, max, mean and 2-norm of each of these tensors of one size, in float64, as texts of a line."""
    flat = torch.frombuffer(bytearray().join(contents), dtype=dtype)
    if dtype.is_complex:
        flat = torch.view_as_real(flat)
    rows = flat.view(len(contents), -1)
    rows = rows if rows.is_floating_point() and dtype.itemsize > 1 else rows.double()
    found = (rows.amin(1).double(), rows.amax(1).double(), rows.mean(1, dtype=torch.float64),
             torch.linalg.vector_norm(rows, dim=1, dtype=torch.float64))
    return [shown(row) for row in torch.stack(found, 1).tolist()]


def shown(row):
    """Four numbers as the text of a line; JSON has no infinity and no NaN."""
    if math.isfinite(row[2] + row[3]):
        return ', "min": %.17g, "max": %.17g, "mean": %.17g, "l2": %.17g' % tuple(row)
    low, high, mean, norm = (value if math.isfinite(value) else f'"{value}"' for value in row)
    return f', "min": {low}, "max": {high}, "mean": {mean}, "l2": {norm}'


def name_of(dtype):
    return str(dtype).removeprefix('torch.')


def plain(value):
    """A setting as JSON has it."""
    if isinstance(value, torch.Tensor) and value.numel() == 1:
        return value.item()
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value if isinstance(value, (bool, int, float, str, type(None))) else str(value)


def versions():
    return {'python': platform.python_version(), 'torch': torch.__version__}


def conditions(model):
    """What bits depend on beside the program: as `lockstep` records it."""
    device = next((str(p.device) for p in model.parameters()), 'cpu') if model is not None else None
    found = {'device': device, 'threads': torch.get_num_threads(), 'libtorch': torch.__version__.split('+')[0],
             'cpu_capability': torch.backends.cpu.get_cpu_capability(), 'processor': processor(),
             'environment': {name: os.environ[name] for name in VARIABLES if name in os.environ}}
    return {name: value for name, value in found.items() if value is not None}


def processor():
    try:
        with open('/proc/cpuinfo') as file:
            lines = [line.partition(':') for line in file]
    except OSError:
        return None
    return next((value.strip() for name, _, value in lines if name.strip() == 'model name'), None)


def steps(text):
    """0,1,37 or 0-9,37 or all."""
    if text == 'all':
        return 'all'
    chosen = []
    for part in filter(None, text.split(',')):
        first, _, last = part.partition('-')
        chosen.append(range(int(first), int(last or first) + 1))
    return chosen


def shown_steps(values):
    """As the header has them."""
    if values == 'all':
        return values
    parts = [part if isinstance(part, range) else range(part, part + 1) for part in values]
    if all(len(part) == 1 for part in parts):
        return sorted(part.start for part in parts)
    return ','.join(str(part.start) if len(part) == 1 else f'{part.start}-{part.stop - 1}' for part in parts)


def main():
    parser = argparse.ArgumentParser(prog='record.py', description='Runs a PyTorch program and records its training.')
    parser.add_argument('-o', '--output', metavar='FILE', help='the record [default: PROGRAM.record]')
    parser.add_argument('--values', type=steps, default=(), metavar='STEPS',
                        help='steps whose tensors are kept in full: 0,1,37 or 0-9 or all')
    parser.add_argument('--perturb', action='store_true', help="move each step's first input by one ULP")
    parser.add_argument('program', help='the program, with its arguments behind it')
    parser.add_argument('arguments', nargs=argparse.REMAINDER)
    args = parser.parse_args()
    output = os.path.abspath(args.output or os.path.splitext(os.path.basename(args.program))[0] + '.record')
    if not os.path.isfile(args.program):
        parser.error(f'{args.program}: no such file, expected a Python program')
    if not os.access(os.path.dirname(output), os.W_OK):
        parser.error(f'--output {output}: the folder is not there, or cannot be written to')
    sys.argv = [args.program] + args.arguments
    sys.path[0] = os.path.dirname(os.path.abspath(args.program))
    try:
        with Recorder(output, values=args.values, perturb=args.perturb):
            runpy.run_path(args.program, run_name='__main__')
    except NotWritten as error:
        sys.exit(f'record.py: {error}')


def memory_compare():
    """memcmp of the C library, called without letting go of Python's lock."""
    compare = ctypes.PyDLL(None).memcmp
    compare.argtypes, compare.restype = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t), ctypes.c_int
    return compare


memcmp = memory_compare()


if __name__ == '__main__':
    main()
