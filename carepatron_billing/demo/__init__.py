from . import practice_demo
