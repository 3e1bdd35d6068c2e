"""Machine code made in the process that needs it, by LLVM. What it is made from is a text, for all models the same."""

import ctypes
from functools import cache
from typing import Any

# The logistic functions as the libraries compute them: with the C library's exp, whose last bit NumPy's need not share.
LINKS = """
declare double @exp(double)
declare float @expf(float)
define void @logistic(i64 %count, double %scale, ptr %sums) {
entry:
  br label %each
each:
  %row = phi i64 [ 0, %entry ], [ %next, %each ]
  %place = getelementptr double, ptr %sums, i64 %row
  %sum = load double, ptr %place
  %scaled = fmul double %scale, %sum
  %power = call double @exp(double %scaled)
  %below = fadd double %power, 1.0
  %share = fdiv double 1.0, %below
  store double %share, ptr %place
  %next = add i64 %row, 1
  %done = icmp uge i64 %next, %count
  br i1 %done, label %end, label %each
end:
  ret void
}
define void @logistic_single(i64 %count, double %most, ptr %sums) {
entry:
  br label %each
each:
  %row = phi i64 [ 0, %entry ], [ %next, %each ]
  %place = getelementptr double, ptr %sums, i64 %row
  %sum = load double, ptr %place
  %opposite = fneg double %sum
  %large = fcmp ogt double %opposite, %most
  %bounded = select i1 %large, double %most, double %opposite
  %single = fptrunc double %bounded to float
  %power = call float @expf(float %single)
  %below = fadd float %power, 1.0
  %share = fdiv float 1.0, %below
  %wide = fpext float %share to double
  store double %wide, ptr %place
  %next = add i64 %row, 1
  %done = icmp uge i64 %next, %count
  br i1 %done, label %end, label %each
end:
  ret void
}
"""


@cache
def compiled(source: str) -> Any:
    """What gives the addresses of the functions in ``source``; the code lives as long as the process.

    Raises
    ------
    ImportError
        If llvmlite is not installed.
    """
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=3
    )
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(source), machine)
    engine.finalize_object()
    return engine


def function(source: str, name: str, *kinds: Any) -> Any:
    """A compiled function that gives nothing back; while it runs, other threads do, too.

    Raises
    ------
    ImportError
        If llvmlite is not installed.
    """
    return ctypes.CFUNCTYPE(None, *kinds)(compiled(source).get_function_address(name))
