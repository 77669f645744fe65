# Compiler, warnings, hardening and sanitizers.
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
# One code model for everything, so that all can share the precompiled header.
add_compile_options(-fPIE)

set(HELIOGRAPH_SANITIZE "" CACHE STRING "address+undefined, thread, or empty")
set(HELIOGRAPH_BATCH 0 CACHE STRING "Sources that are compiled as one where a folder allows it (cmake/Folders.cmake); 0: each alone")
option(HELIOGRAPH_HARDEN "Hardening flags of a release" OFF)

if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  message(FATAL_ERROR "Clang 19 is needed: GCC 12 destroys temporaries inside co_await twice (docs/decisions)")
endif()

find_program(CCACHE ccache)
if(CCACHE)
  # Depend mode: what a file reads is known from the compiler, not from running the preprocessor once more.
  set(CMAKE_CXX_COMPILER_LAUNCHER env CCACHE_DEPEND=1
    CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE})
endif()

add_link_options(-fuse-ld=lld)

if(HELIOGRAPH_HARDEN)
  add_compile_options(-fstack-protector-strong -D_FORTIFY_SOURCE=3 -D_GLIBCXX_ASSERTIONS -fstack-clash-protection
                      -fcf-protection=full -ftrivial-auto-var-init=zero)
  add_link_options(-Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code)
endif()
if(HELIOGRAPH_SANITIZE STREQUAL "address+undefined")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  # Nothing to relocate: that was a quarter of what a command took to start.
  add_link_options(-fsanitize=address,undefined -no-pie)
elseif(HELIOGRAPH_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread)
  add_link_options(-fsanitize=thread -pie)
else()
  add_link_options(-pie)
endif()

# Our own code only; the libraries are system headers.
set(HELIOGRAPH_WARNINGS -Wall -Wextra -Wconversion -Wshadow -Werror)
