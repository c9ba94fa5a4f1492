"""
Two payment providers that move no money: a process of its own, over real HTTP, that does not know Django.

`sandbox_a` answers with the outcome; `sandbox_b` answers "pending" and tells the outcome by webhook. What they do is
chosen by magic tokens. Each keeps books of its own, so that whoever doubts can ask what was really charged.
"""
