"""PyTorch's training step as a CUDA graph written by hand: forward, loss, backward and a capturable Adam, replayed.

As https://docs.pytorch.org/docs/stable/notes/cuda.html#whole-network-capture has it. The graph reads its rows by an index that
is copied to it before each replay, and adds its losses up in place, so a step is one copy and one launch. Where there is no CUDA
the same step runs without a graph, so that a rehearsal goes through it.
"""

import peer_torch
import torch


class HandWritten(peer_torch.Trainer):
    def prepare(self, setting):
        cuda = self.device == "cuda"
        self.optimizer = torch.optim.Adam(self.parameters, lr=self.lr, capturable=cuda, fused=True)
        self.total = torch.zeros((), device=self.device)
        self.index = torch.arange(self.batch or len(self.x), device=self.device)
        if not cuda:
            self.replay = self.whole
            return self.whole()
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(3):
                self.whole()
        torch.cuda.current_stream().wait_stream(side)
        self.optimizer.zero_grad(set_to_none=True)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self.whole(zero=False)
        self.replay = graph.replay

    def whole(self, zero=True):
        """A step; in a capture gradients are written where the graph has them, and need no zeroing."""
        if zero:
            self.optimizer.zero_grad(set_to_none=True)
        x, y = (self.x[self.index], self.y[self.index]) if self.batch else (self.x, self.y)
        loss = self.criterion(self.net(x), y)
        loss.backward()
        self.optimizer.step()
        self.total += loss.detach()

    def state(self):
        return [tensor for state in self.optimizer.state.values() for tensor in state.values()]

    def epochs(self, count):
        """The last epoch's loss alone: reading each would wait for each."""
        for _ in range(count):
            self.total.zero_()
            order = torch.randperm(len(self.x), device=self.device).split(self.batch) if self.batch else [None]
            for index in order:
                if index is not None:
                    self.index.copy_(index)
                self.replay()
        return [self.total.item() / len(order)]
